/**
 * The filter's grammar: words, and "key:value" pairs, all of which must hold.
 *
 *   cart                 the name has it
 *   ns:shop kind:cron    namespace, kind
 *   state:stuck,failed   a cell is in one of these states
 *   stage:prod           what follows is asked of this stage's cell
 *   version:2.4          a cell has a version that begins so
 *   behind:>2            a cell is that many versions behind
 *   changed:<1h          a cell changed within that time
 *   -state:held          none of that
 *
 * Conditions on cells must hold for one and the same cell.
 */
import type { Cell } from '../api/types.gen';
import { cellLooks, cellStates, type CellState } from './state';
import { parseDuration } from './time';

export interface Filterable {
  name: string;
  namespace: string;
  kind: string;
  cells: readonly Cell[];
}

export interface Filter {
  matches(row: Filterable, now: number): boolean;
  isEmpty: boolean;
  /** Why a part of it was not understood; it is then left out. */
  problem: string | null;
}

type RowTest = (row: Filterable) => boolean;
type CellTest = (cell: Cell, now: number) => boolean;

interface Parts {
  rows: RowTest[];
  cells: CellTest[];
  without: CellTest[];
  problem: string | null;
}

export function parseFilter(text: string): Filter {
  const parts: Parts = { rows: [], cells: [], without: [], problem: null };
  for (const token of tokens(text)) addToken(token, parts);
  const needsCell = parts.cells.length > 0;
  return {
    isEmpty: !parts.rows.length && !needsCell && !parts.without.length,
    problem: parts.problem,
    matches: (row, now) =>
      parts.rows.every((test) => test(row)) &&
      (!needsCell || row.cells.some((cell) => parts.cells.every((test) => test(cell, now)))) &&
      !row.cells.some((cell) => parts.without.some((test) => test(cell, now))),
  };
}

/** Split at spaces; "two words" in quotes stay together. */
function tokens(text: string): string[] {
  return (text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []).map((token) => token.replaceAll('"', ''));
}

function addToken(token: string, parts: Parts): void {
  const isNot = token.startsWith('-') && token.includes(':');
  const [key, value] = split(isNot ? token.slice(1) : token);
  if (key === null) {
    const word = value.toLowerCase();
    if (word) parts.rows.push((row) => row.name.toLowerCase().includes(word));
    return;
  }
  if (!value) return; // still being typed
  const row = rowTest(key, value.toLowerCase());
  if (row) {
    parts.rows.push(isNot ? (one) => !row(one) : row);
    return;
  }
  const cell = cellTest(key, value.toLowerCase());
  if (typeof cell === 'string') parts.problem ??= cell;
  else (isNot ? parts.without : parts.cells).push(cell);
}

function split(token: string): [string | null, string] {
  const colon = token.indexOf(':');
  return colon > 0 ? [token.slice(0, colon).toLowerCase(), token.slice(colon + 1)] : [null, token];
}

function rowTest(key: string, value: string): RowTest | null {
  if (key === 'ns' || key === 'namespace') return (row) => row.namespace.toLowerCase() === value;
  if (key === 'kind') return (row) => row.kind.toLowerCase().startsWith(value);
  if (key === 'name') return (row) => row.name.toLowerCase().includes(value);
  return null;
}

function cellTest(key: string, value: string): CellTest | string {
  switch (key) {
    case 'state': return stateTest(value);
    case 'stage': {
      const names = value.split(',');
      return (cell) => names.includes(cell.stage.toLowerCase());
    }
    case 'version': return (cell) => cell.version.toLowerCase().startsWith(value);
    case 'behind': return behindTest(value);
    case 'changed': return changedTest(value);
    default: return `There is no filter “${key}:”. There are ns, kind, state, stage, version, behind and changed.`;
  }
}

function stateTest(value: string): CellTest | string {
  const wanted = new Set<CellState>();
  for (const word of value.split(',').filter(Boolean)) {
    const found = cellStates.filter((state) => state.startsWith(word) || cellLooks[state].word.toLowerCase().startsWith(word));
    if (!found.length) return `There is no state “${word}”. There are ${cellStates.join(', ')}.`;
    for (const state of found) wanted.add(state);
  }
  return (cell) => wanted.has(cell.state);
}

function behindTest(value: string): CellTest | string {
  const match = /^([<>]=?)?(\d+)$/.exec(value);
  if (!match) return /^[<>]=?$/.test(value) ? () => true : `“behind:${value}” is no number. Write behind:>2.`;
  const limit = Number(match[2]);
  switch (match[1]) {
    case '>': return (cell) => cell.behind > limit;
    case '<': return (cell) => cell.behind < limit;
    case '<=': return (cell) => cell.behind <= limit;
    case '>=': return (cell) => cell.behind >= limit;
    default: return (cell) => cell.behind === limit;
  }
}

function changedTest(value: string): CellTest | string {
  const isOlder = value.startsWith('>');
  const limit = parseDuration(value.replace(/^[<>]/, ''));
  if (limit === null) return /^[<>]?\d*$/.test(value) ? () => true : `“changed:${value}” is no time. Write changed:<1h.`;
  return (cell, now) => {
    if (!cell.since) return false;
    const age = now - Date.parse(cell.since);
    return isOlder ? age > limit : age <= limit;
  };
}
