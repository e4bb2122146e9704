/** Where we are, as a signal; every state of a view that is worth a link is in the address. */
import { computed, signal } from '@preact/signals';
import { base } from './api/client';

const basePath = new URL(base).pathname;

export interface Place {
  /** Below the base path, as it was written: "/board/cart/prod". */
  path: string;
  query: URLSearchParams;
}

function read(): Place {
  const at = location.pathname;
  return {
    path: at.startsWith(basePath) ? `/${at.slice(basePath.length)}` : '/',
    query: new URLSearchParams(location.search),
  };
}

export const place = signal<Place>(read());
export const path = computed(() => place.value.path);

addEventListener('popstate', () => (place.value = read()));

/** The address of a place of ours: href('/board', {q: 'cart'}). */
export function href(to: string, query: Record<string, string | null | undefined> = {}): string {
  const url = new URL(to.replace(/^\//, ''), base);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url.pathname + url.search;
}

export function go(to: string, query: Record<string, string | null | undefined> = {}, how: 'push' | 'replace' = 'push'): void {
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', href(to, query));
  place.value = read();
}

/** Change parts of the query where we are; null takes one away.  Typing replaces, choices push. */
export function setQuery(changes: Record<string, string | null>, how: 'push' | 'replace' = 'replace'): void {
  const query = Object.fromEntries(place.peek().query);
  go(place.peek().path, { ...query, ...changes }, how);
}

/** "/board/{workload}/{stage}" against a path: its values, or null. */
export function match(pattern: string, at: string): Record<string, string> | null {
  const wanted = pattern.split('/').filter(Boolean);
  const given = at.split('/').filter(Boolean);
  if (wanted.length !== given.length) return null;
  const values: Record<string, string> = {};
  for (let i = 0; i < wanted.length; i++) {
    const part = wanted[i]!;
    if (part.startsWith('{')) values[part.slice(1, -1)] = decoded(given[i]!);
    else if (part !== given[i]) return null;
  }
  return values;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody else's percent signs
  }
}

/** Links of ours are followed without loading the page again. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest?.('a');
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.download || link.origin !== location.origin || !link.pathname.startsWith(basePath)) return;
    event.preventDefault();
    history.pushState(null, '', link.href);
    place.value = read();
  });
}
