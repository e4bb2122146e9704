/** What waits for whom: the rules of the Inbox. */
import type { Hold, ReleaseRow } from '../api/types.gen';
import type { CellState } from './state';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Person {
  name: string;
  mayApprove: boolean;
}

/** The state of a cell of the board; undefined where it has none. */
export type StateOf = (stage: string, workload: string) => CellState | undefined;

/** May this person's word let it go on?  Who asked for it cannot give it, and nobody gives it twice. */
export function isForApproval(row: ReleaseRow, who: Person): boolean {
  return row.phase === 'needs_approval' && who.mayApprove && row.actor !== who.name && !row.approvedBy.includes(who.name);
}

/** Of one's own: stuck; or failed, as long as what it brought does not run, or for a day when nothing of it came into Git. */
export function isInTrouble(row: ReleaseRow, who: Person, stateOf: StateOf, now: number): boolean {
  if (row.actor !== who.name) return false;
  if (row.isStuck) return true;
  if (row.phase !== 'failed') return false;
  if (!row.commits.length) return now - Date.parse(row.finishedAt ?? '') < DAY_MS;
  return row.workloads.some((workload) => ['failed', 'stuck'].includes(stateOf(row.stage, workload) ?? ''));
}

/** What its owner must hear at once. */
export function isOwnTrouble(row: Pick<ReleaseRow, 'actor' | 'phase' | 'isStuck'>, name: string | undefined): boolean {
  return row.actor === name && (row.isStuck || row.phase === 'failed');
}

/** What is one's own, or has one's approval, and needs that of others. */
export function waitsForOthers(row: ReleaseRow, who: Person): boolean {
  return row.phase === 'needs_approval' && (row.actor === who.name || row.approvedBy.includes(who.name));
}

/** Those that end within a day, the next one first; then those that nothing ends. */
export function holdsToLookAt(holds: readonly Hold[], now: number): Hold[] {
  const end = (hold: Hold) => (hold.expiresAt ? Date.parse(hold.expiresAt) : Infinity);
  const matters = holds.filter((hold) => !hold.expiresAt || end(hold) - now < DAY_MS);
  return matters.sort((a, b) => (end(a) === end(b) ? Date.parse(a.createdAt) - Date.parse(b.createdAt) : end(a) - end(b)));
}
