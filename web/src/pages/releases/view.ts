/** What the list of releases shows: what the address asks for, as it was read and as the server tells since. */
import { computed, effect, signal, untracked } from '@preact/signals';
import { call, Problem } from '../../api/client';
import { me } from '../../api/session';
import type { ReleaseRow } from '../../api/types.gen';
import { connection, on } from '../../live/live';
import { ReleaseList, type ReleasePage } from '../../model/release-list';
import { clock } from '../../model/time';
import { path, place, setQuery } from '../../router';
import { askFor, keyOf, matches, queryOf, type Query } from './query';

export const PAGE = 50;
const PAGE_MAX = 500;

export const query = computed(() => queryOf(place.value.query));

const listOf = (wanted: Query) => new ReleaseList((row) => matches(row, wanted, Date.now()));
/** Of one query; another one has another list. */
export const list = signal(listOf(query.peek()));
export const problem = signal<Problem | null>(null);
export const isReadingMore = signal(false);

/* ---- the text, which is typed ---- */

export const text = signal('');
const ADDRESS_MS = 250;
let later: ReturnType<typeof setTimeout> | undefined;

export function type(value: string): void {
  text.value = value;
  clearTimeout(later);
  later = setTimeout(() => setQuery({ q: value.trim() || null }), ADDRESS_MS);
}

export function clearFilters(): void {
  text.value = '';
  clearTimeout(later);
  setQuery(Object.fromEntries([...place.peek().query.keys()].map((name) => [name, null])), 'push');
}

/* ---- reading ---- */

let reading: AbortController | null = null;

/** Reads what was shown, or the first page; `isMore`: the page below it. */
async function read(isMore: boolean): Promise<void> {
  const into = list.peek();
  const before = isMore ? (into.next.peek() ?? undefined) : undefined;
  const moment = into.moment;
  const abort = new AbortController();
  reading?.abort();
  reading = abort;
  try {
    const wanted = isMore ? PAGE : Math.max(PAGE, into.shown.peek().length);
    into.takePage(await readRows(wanted, before, abort.signal), moment, isMore);
    problem.value = null;
  } catch (error) {
    if (abort.signal.aborted) return;
    if (!(error instanceof Problem)) throw error;
    problem.value = error;
  }
}

/** The server gives 500 at once. */
async function readRows(wanted: number, before: number | undefined, abort: AbortSignal): Promise<ReleasePage> {
  const asked = askFor(query.peek(), Date.now());
  const items: ReleaseRow[] = [];
  let next = before;
  do {
    const limit = Math.min(PAGE_MAX, wanted - items.length);
    const page = await call('GET /api/v1/releases', { query: { ...asked, before: next, limit }, signal: abort });
    items.push(...page.items);
    next = page.next;
  } while (next !== undefined && items.length < wanted);
  return { items, next };
}

export const readAgain = () => void read(false);

export async function readMore(): Promise<void> {
  isReadingMore.value = true;
  await read(true);
  isReadingMore.value = false;
}

/* ---- who has been seen ---- */

const seen = signal<ReadonlySet<string>>(new Set());

/** Whom one may ask for: yourself, automation, and whoever stands in a row that was read. */
export const people = computed(() => {
  const names = new Set([...seen.value, ...(query.value.actor ? [query.value.actor] : [])]);
  names.delete(me.value?.name ?? '');
  return [...names].sort();
});

effect(() => {
  const names = list.value.shown.value.map((row) => row.peek().actor);
  const known = seen.peek();
  if (names.some((name) => !known.has(name))) seen.value = new Set([...known, ...names]);
});

/* ---- following, while the page is shown ---- */

const IDLE_MS = 5000;
const AGAIN_MS = 300;
let busyAt = 0;
let isFurtherDown = false;

/** Someone points at a row, or has scrolled. */
export function noteBusy(scrollTop: number): void {
  busyAt = Date.now();
  isFurtherDown = scrollTop > 8;
}

const isCalm = () => !isFurtherDown && Date.now() - busyAt > IDLE_MS;

let shownKey = '';
let soon: ReturnType<typeof setTimeout> | undefined;

function readSoon(): void {
  clearTimeout(soon);
  soon = setTimeout(readAgain, AGAIN_MS);
}

/** What was read before stays when the same is asked for again. */
function start(key: string): void {
  if (key !== shownKey) {
    list.value = listOf(query.peek());
    problem.value = null;
  }
  shownKey = key;
  readAgain();
}

/** Returns what ends it. */
export function follow(): () => void {
  let wasLive = connection.peek().kind === 'live';
  const ends = [
    effect(() => {
      if (path.value !== '/releases') return; // on its way to another page
      const { text: wanted } = query.value;
      const key = keyOf(query.value);
      untracked(() => {
        if (text.peek().trim() !== wanted) text.value = wanted;
        start(key);
      });
    }),
    effect(() => {
      void clock.value;
      if (list.value.waiting.value && isCalm()) untracked(() => list.peek().settle());
    }),
    on('release', (data, number) => {
      // What it replaced is live no more, and only the server knows since when.
      if (list.peek().takeEvent(data as ReleaseRow, number)) readSoon();
    }),
    on('reset', () => {
      list.peek().forgetNumbers();
      readSoon();
    }),
    connection.subscribe(({ kind }) => {
      if (kind === 'live' && !wasLive) readSoon();
      wasLive = kind === 'live';
    }),
  ];
  return () => {
    for (const end of ends) end();
    reading?.abort();
    clearTimeout(soon);
    clearTimeout(later);
  };
}
