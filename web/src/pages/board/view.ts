/** What the Board shows of the board: the rows that match, in groups; what is ticked; where the cursor is. */
import { computed, effect, signal, untracked } from '@preact/signals';
import type { Cell } from '../../api/types.gen';
import { board, cellsOf, type Row } from '../../model/board';
import { parseFilter } from '../../model/filter';
import { cellStates, type CellState } from '../../model/state';
import { identity, identityBeside } from '../../model/thread';
import { clock } from '../../model/time';
import { place, setQuery } from '../../router';

/* ---- what a person has chosen; the address keeps it ---- */

export type Grouping = '' | 'namespace' | 'kind';

export const text = signal('');
export const states = computed(() => new Set((place.value.query.get('state') ?? '').split(',').filter(Boolean) as CellState[]));
export const grouping = computed(() => (place.value.query.get('group') ?? '') as Grouping);
export const isOnlyDifferent = computed(() => place.value.query.get('only') === 'different');

export function toggleState(state: CellState): void {
  const next = new Set(states.value);
  if (!next.delete(state)) next.add(state);
  setQuery({ state: [...next].join(',') || null }, 'push');
}

export function clearFilters(): void {
  text.value = '';
  setQuery({ q: null, state: null, only: null }, 'push');
}

const ADDRESS_MS = 300;
let later: ReturnType<typeof setTimeout> | undefined;

export function type(value: string): void {
  text.value = value;
  clearTimeout(later);
  later = setTimeout(() => setQuery({ q: value || null }), ADDRESS_MS);
}

effect(() => {
  const q = place.value.query.get('q') ?? '';
  clearTimeout(later);
  text.value = q;
});

/* ---- the rows that match ---- */

export const filter = computed(() => parseFilter(text.value));

function isDifferent(row: Row, cells: readonly Cell[]): boolean {
  const versions = new Set(cells.map((cell) => identity(cell)));
  const newest = row.newest.peek();
  if (newest) versions.add(identityBeside(cells[0], newest));
  return versions.size > 1;
}

export const matching = computed<readonly Row[]>(() => {
  const wanted = filter.value;
  const inStates = states.value;
  const different = isOnlyDifferent.value;
  if (wanted.isEmpty && !inStates.size && !different) return board.rows.value;
  void board.revision.value;
  const now = text.value.includes('changed:') ? clock.value : 0;
  return board.rows.value.filter((row) => {
    const cells = cellsOf(row);
    return (
      wanted.matches({ name: row.name, namespace: row.namespace, kind: row.kind, cells }, now) &&
      (!inStates.size || cells.some((cell) => inStates.has(cell.state))) &&
      (!different || isDifferent(row, cells))
    );
  });
});

/* Rows do not leave from under a pointer: what changes by itself waits until nobody is busy here. */
const IDLE_MS = 5000;
let busyAt = 0;
let chosenBefore: unknown[] = [];
export const shown = signal<readonly Row[]>([]);
export const waitingChanges = signal(0);

export function noteBusy(): void {
  busyAt = Date.now();
}

export function applyChanges(): void {
  shown.value = matching.peek();
  waitingChanges.value = 0;
}

function countChanges(a: readonly Row[], b: readonly Row[]): number {
  const before = new Set(a);
  const after = new Set(b);
  return a.filter((row) => !after.has(row)).length + b.filter((row) => !before.has(row)).length;
}

effect(() => {
  const next = matching.value;
  const chosen = [text.value, place.value.query.toString(), board.rows.value];
  const isChosen = chosen.some((one, at) => one !== chosenBefore[at]);
  const isIdle = Date.now() - busyAt > IDLE_MS || (clock.value && Date.now() - busyAt > IDLE_MS);
  chosenBefore = chosen;
  untracked(() => {
    if (isChosen || isIdle) applyChanges();
    else waitingChanges.value = countChanges(shown.peek(), next);
  });
});

/* ---- counts and groups ---- */

export const counts = computed(() => {
  void board.revision.value;
  const sums = new Map<CellState, number>(cellStates.map((state) => [state, 0]));
  for (const row of board.rows.value) {
    for (const cell of cellsOf(row)) sums.set(cell.state, (sums.get(cell.state) ?? 0) + 1);
  }
  return sums;
});

export type Item = { kind: 'row'; row: Row } | { kind: 'group'; name: string; count: number };

export const items = computed<readonly Item[]>(() => {
  const by = grouping.value;
  if (by !== 'namespace' && by !== 'kind') return shown.value.map((row) => ({ kind: 'row', row }));
  const groups = new Map<string, Row[]>();
  for (const row of shown.value) groups.set(row[by], [...(groups.get(row[by]) ?? []), row]);
  return [...groups]
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([name, rows]): Item[] => [{ kind: 'group', name, count: rows.length }, ...rows.map((row): Item => ({ kind: 'row', row }))]);
});

/* ---- the stage that is shown where there is room for one alone ---- */

/** Its place among the stages; the first, unless the address names another. */
export const chosenStage = computed(() => Math.max(0, board.stages.value.findIndex((stage) => stage.name === place.value.query.get('stage'))));

export function chooseStage(at: number): void {
  setQuery({ stage: at ? board.stages.peek()[at]!.name : null }, 'push');
}

/** Of one stage's cells. */
export function stageCounts(at: number): ReadonlyMap<CellState, number> {
  void board.revision.value;
  const sums = new Map<CellState, number>();
  for (const { cells } of board.rows.value) {
    const state = cells[at]?.peek().state;
    if (state) sums.set(state, (sums.get(state) ?? 0) + 1);
  }
  return sums;
}

/* ---- ticks ---- */

export const ticked = signal<ReadonlySet<string>>(new Set());
let lastTicked: string | null = null;

/** Tick or untick a row; with `extend`, all from the last one on. */
export function tick(name: string, extend = false): void {
  const next = new Set(ticked.value);
  const rows = shown.value.map((row) => row.name);
  const from = extend && lastTicked ? rows.indexOf(lastTicked) : -1;
  const to = rows.indexOf(name);
  if (from >= 0 && to >= 0) {
    for (const one of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one);
  } else if (!next.delete(name)) {
    next.add(name);
  }
  lastTicked = name;
  ticked.value = next;
}

/** All that are shown, or none when all are; true: all. */
export function tickAll(): boolean {
  const all = shown.value.map((row) => row.name);
  const isAll = all.every((name) => ticked.value.has(name));
  ticked.value = new Set(isAll ? [] : all);
  return !isAll && all.length > 0;
}

export function untick(): void {
  ticked.value = new Set();
}

/* ---- the cursor: column 0 is the registry's, column n the n-th stage's ---- */

export interface Spot {
  row: string;
  column: number;
}

/** Where the keyboard is. */
export const cursor = signal<Spot | null>(null);
/** What is read out below the grid: the cell under the pointer, or where the keyboard is. */
export const reading = signal<Spot | null>(null);
