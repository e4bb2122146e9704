/** What a person likes, kept in this browser. */
import { computed, effect, signal, type Signal } from '@preact/signals';
import type { Zone } from './time';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact' | 'dense';

const PREFIX = 'heddle.';

function stored<T extends string>(name: string, choices: readonly T[], usual: T): Signal<T> {
  const choice = signal(usual);
  const read = (text: string | null) => {
    if (choices.includes(text as T)) choice.value = text as T;
  };
  try {
    read(localStorage.getItem(PREFIX + name));
  } catch {
    // A browser that keeps nothing: then it holds for this tab.
  }
  effect(() => {
    try {
      localStorage.setItem(PREFIX + name, choice.value);
    } catch {
      // As above.
    }
  });
  addEventListener('storage', (event) => {
    if (event.key === PREFIX + name) read(event.newValue);
  });
  return choice;
}

export const theme = stored<Theme>('theme', ['system', 'light', 'dark'], 'system');
export const density = stored<Density>('density', ['comfortable', 'compact', 'dense'], 'compact');
export const zone = stored<Zone>('zone', ['local', 'utc'], 'local');
/** Single-letter shortcuts; some input methods need them off (WCAG 2.1.4). */
export const singleKeys = stored<'on' | 'off'>('single-keys', ['on', 'off'], 'on');

function media(query: string): Signal<boolean> {
  const list = matchMedia(query);
  const holds = signal(list.matches);
  list.addEventListener('change', () => (holds.value = list.matches));
  return holds;
}

const systemIsDark = media('(prefers-color-scheme: dark)');
/** Few colours of the person's own, for what is not drawn by CSS. */
export const hasForcedColours = media('(forced-colors: active)');

export const isDark = computed(() => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'));

/** Put the choices where the styles look for them. */
export function applyPreferences(): void {
  effect(() => {
    document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
  });
  effect(() => {
    document.documentElement.dataset.density = density.value;
  });
}
