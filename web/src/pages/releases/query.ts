/** Which releases are wanted: the address says it, the API is asked it, and what the server tells is held against it. */
import type { ReleaseRow } from '../../api/types.gen';
import { phaseLooks, type Phase } from '../../model/state';
import { parseDuration } from '../../model/time';

export type Kind = ReleaseRow['kind'];
/** A phase, or what many of them have in common. */
export type Outcome = Phase | 'active' | 'over' | 'stuck';

export const kindWords: Record<Kind, string> = { promote: 'Promotion', auto: 'Automatic', rollback: 'Rollback', config: 'Commit' };

export interface Query {
  text: string;
  workload: string;
  stage: string;
  actor: string;
  kind: Kind | '';
  state: Outcome | '';
  /** "7d": made within that time. */
  since: string;
}

const isOutcome = (text: string): text is Outcome => text in phaseLooks || ['active', 'over', 'stuck'].includes(text);

/** What an address asks for; words that mean nothing here ask for nothing. */
export function queryOf(address: URLSearchParams): Query {
  const get = (name: string) => address.get(name) ?? '';
  const kind = get('kind');
  const state = get('state');
  return {
    text: get('q').trim(),
    workload: get('workload'),
    stage: get('stage'),
    actor: get('who'),
    kind: kind in kindWords ? (kind as Kind) : '',
    state: isOutcome(state) ? state : '',
    since: parseDuration(get('since')) === null ? '' : get('since'),
  };
}

export const isEmpty = (query: Query) => Object.values(query).every((value) => value === '');

/** Two that are equal have the same key. */
export const keyOf = (query: Query) => JSON.stringify(Object.values(query));

function sinceOf(query: Query, now: number): number {
  const back = parseDuration(query.since);
  return back === null ? 0 : now - back;
}

type Asked = Record<string, string | number | undefined>;

/** As the API takes it. */
export function askFor(query: Query, now: number): Asked {
  const { since, ...rest } = query;
  return { ...rest, since: since && new Date(sinceOf(query, now)).toISOString() };
}

const has = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());

function hasText(row: ReleaseRow, text: string): boolean {
  return (
    row.name.toLowerCase() === text.toLowerCase() ||
    has(row.reason, text) ||
    has(row.actor, text) ||
    row.workloads.some((name) => has(name, text)) ||
    row.versions.some(({ to }) => to === text)
  );
}

function isIn(row: ReleaseRow, state: Outcome): boolean {
  if (state === 'active') return !row.isOver;
  if (state === 'over') return row.isOver;
  return state === 'stuck' ? row.isStuck : row.phase === state;
}

/** The same that the server answers with. */
export function matches(row: ReleaseRow, query: Query, now: number): boolean {
  return (
    (!query.stage || row.stage === query.stage) &&
    (!query.workload || row.workloads.includes(query.workload)) &&
    (!query.actor || row.actor === query.actor) &&
    (!query.kind || row.kind === query.kind) &&
    (!query.state || isIn(row, query.state)) &&
    (!query.text || hasText(row, query.text)) &&
    Date.parse(row.createdAt ?? '') >= sinceOf(query, now)
  );
}
