/**
 * Shortcuts.  Letters only open something or choose a view, and never change what runs; they rest while
 * someone types, and can be turned off.
 */
import { useEffect } from 'preact/hooks';
import { singleKeys } from '../model/preferences';

export interface Shortcut {
  /** "p", "?", "Escape", "g b" (one after the other), "mod+k". */
  keys: string;
  /** For the list that "?" shows: "Promote what is selected". */
  does: string;
  run(event: KeyboardEvent): void;
}

const CHORD_MS = 1200;
/** Those of what is in front come last, and win. */
const active: Shortcut[] = [];
let chord = '';
let chordAt = 0;

export function shortcuts(): readonly Shortcut[] {
  return active;
}

/** They hold while the component stands. */
export function useShortcuts(list: Shortcut[]): void {
  useEffect(() => {
    active.push(...list);
    return () => {
      for (const one of list) active.splice(active.indexOf(one), 1);
    };
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)) &&
    !(target instanceof HTMLInputElement && target.type === 'checkbox');
}

function find(keys: string): Shortcut | undefined {
  return active.findLast((one) => one.keys === keys);
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const isModified = event.ctrlKey || event.metaKey;
  if (isModified || event.altKey) {
    const shortcut = isModified && !event.altKey ? find(`mod+${event.key.toLowerCase()}`) : undefined;
    if (shortcut) {
      event.preventDefault();
      shortcut.run(event);
    }
    return;
  }
  const isLetter = event.key.length === 1;
  if (isTyping(event.target) || (isLetter && singleKeys.value === 'off')) return;
  if (document.querySelector('dialog:modal, :popover-open')) return; // those have keys of their own
  const both = chord && event.timeStamp - chordAt < CHORD_MS ? find(`${chord} ${event.key}`) : undefined;
  const shortcut = both ?? find(event.key);
  chord = both ? '' : event.key;
  chordAt = event.timeStamp;
  if (shortcut) {
    event.preventDefault();
    shortcut.run(event);
  }
}

export function listenForKeys(): void {
  document.addEventListener('keydown', onKey);
}
