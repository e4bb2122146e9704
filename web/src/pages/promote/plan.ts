/** What a plan says, in the lines and words that the sheet shows. */
import type { Gate, Image, Impact, Plan } from '../../api/types.gen';

export interface Move {
  container: string;
  from: Image;
  to: Image;
  isOlder: boolean;
  notes: string[];
  targets: string[];
}

export interface PlanRow {
  workload: string;
  moves: Move[];
  skips: { reason: string; targets: string[] }[];
}

const identityOf = (image: Image) => `${image.tag ?? ''}@${image.digest ?? ''}`;

function rowFor(rows: Map<string, PlanRow>, workload: string): PlanRow {
  const row = rows.get(workload) ?? { workload, moves: [], skips: [] };
  rows.set(workload, row);
  return row;
}

/** A row per workload; clusters in which the same happens share a line.  What moves comes first. */
export function rowsOf(plan: Plan): PlanRow[] {
  const rows = new Map<string, PlanRow>();
  for (const item of plan.items) {
    const row = rowFor(rows, item.workload);
    for (const { container, from, to, isOlder, note } of item.changes) {
      const known = row.moves.find(
        (move) => move.container === container && identityOf(move.from) === identityOf(from) && identityOf(move.to) === identityOf(to),
      );
      const move = known ?? { container, from, to, isOlder, notes: [], targets: [] };
      move.targets.push(item.target);
      if (note) move.notes.push(note);
      if (!known) row.moves.push(move);
    }
  }
  for (const { workload, target, reason } of plan.skipped) {
    const row = rowFor(rows, workload);
    const known = row.skips.find((skip) => skip.reason === reason);
    if (known) known.targets.push(target);
    else row.skips.push({ reason, targets: [target] });
  }
  return [...rows.values()].sort((a, b) => Number(b.moves.length > 0) - Number(a.moves.length > 0) || a.workload.localeCompare(b.workload));
}

export function movingIn(plan: Plan): string[] {
  return [...new Set(plan.items.map((item) => item.workload))];
}

/** Lines of a plan by where they are; what each says. */
function linesOf(plan: Plan): Map<string, string> {
  const lines = new Map<string, string>();
  for (const { workload, target, changes } of plan.items) {
    for (const { container, from, to } of changes) lines.set(`${workload} ${target} ${container}`, `${identityOf(from)} ${identityOf(to)}`);
  }
  return lines;
}

export interface PlanChange {
  /** Whose lines are new, or other than they were. */
  changed: string[];
  /** Who is in it no more. */
  gone: string[];
}

export function changeOf(before: Plan, after: Plan): PlanChange {
  const was = linesOf(before);
  const is = linesOf(after);
  const workloadsOf = (keys: string[]) => [...new Set(keys.map((key) => key.split(' ')[0]!))];
  const stays = new Set(movingIn(after));
  return {
    changed: workloadsOf([...is.keys()].filter((key) => was.get(key) !== is.get(key))),
    gone: workloadsOf([...was.keys()].filter((key) => !is.has(key))).filter((workload) => !stays.has(workload)),
  };
}

export function sentenceOfChange({ changed, gone }: PlanChange): string {
  const parts = [];
  if (changed.length) parts.push(`${changed.join(', ')} ${changed.length === 1 ? 'is' : 'are'} new or other than before`);
  if (gone.length) parts.push(`${gone.join(', ')} ${gone.length === 1 ? 'is' : 'are'} in it no more`);
  return `The plan changed: ${parts.join('; ') || 'the text around a version is another'}.`;
}

export function isWaitingFor(plan: Plan, gate: Gate['name']): boolean {
  return plan.gates.some((one) => one.name === gate && one.verdict !== 'open');
}

/** Whose version becomes an older one. */
function backwardIn(plan: Plan): string[] {
  return movingIn({ ...plan, items: plan.items.filter((item) => item.changes.some((change) => change.isOlder)) });
}

/** What the button will do. */
export function buttonText(plan: Plan): string {
  const count = movingIn(plan).length;
  const isBackward = backwardIn(plan).length === count;
  if (isWaitingFor(plan, 'approval')) return `Ask for approval: ${count} ${isBackward ? 'backward in' : 'to'} ${plan.to}`;
  return isBackward ? `Move ${count} backward in ${plan.to}` : `Promote ${count} to ${plan.to}`;
}

/** What will come of it, beside the button. */
export function verdict(plan: Plan): string {
  if (!plan.items.length) return 'Nothing would change.';
  const shut = plan.gates.filter((gate) => gate.verdict !== 'open');
  const tight = (plan.impact ?? []).filter((one) => one.fit === 'too_large').map((one) => one.target);
  const backward = backwardIn(plan);
  const parts = [plan.summary];
  if (backward.length) parts.push(`${backward.join(', ')} ${backward.length === 1 ? 'moves' : 'move'} backward.`);
  if (tight.length) parts.push(`It may not fit in ${tight.join(', ')}.`);
  if (shut.length) parts.push(`It will wait for ${shut.map((gate) => gate.name).join(' and ')}.`);
  return parts.join(' ');
}

export interface Level {
  allocatable: number;
  /** Asked for by everything in the cluster: now, when all is over, and at most in between. */
  now: number;
  after: number;
  peak: number;
}

/** One resource of a cluster with these changes in it; null where nobody has measured. */
export function levelOf(impact: Impact, of: 'cpuMilli' | 'memoryBytes'): Level | null {
  const { allocatable, requested, now, after, peak } = impact;
  if (!allocatable || !requested || !now || !after || !peak) return null;
  const others = requested[of] - now[of];
  return { allocatable: allocatable[of], now: requested[of], after: others + after[of], peak: others + Math.max(peak[of], after[of]) };
}

/** Clusters by wave, in order. */
export function wavesOf(plan: Plan): string[][] {
  const waves: string[][] = [];
  for (const { wave, target } of plan.items) {
    const clusters = (waves[wave - 1] ??= []);
    if (!clusters.includes(target)) clusters.push(target);
  }
  return waves.filter(Boolean);
}

/** How the waves' commits come into the branch. */
export function wayOf(waves: readonly (readonly string[])[], byPullRequest: boolean): string {
  const what = byPullRequest ? 'pull request' : 'commit';
  if (waves.length <= 1) return `One ${what}, for ${waves[0]?.join(' and ')}.${byPullRequest ? ' It goes on when that is merged.' : ''}`;
  const order = waves.map((wave) => wave.join(' and ')).join(', then ');
  return `${waves.length} waves, a ${what} each: ${order}, each when the one before is ${byPullRequest ? 'merged and healthy' : 'healthy'}.`;
}

export const failureWords = {
  stop: 'If it fails, the release ends there, and what is in Git stays.',
  continue: 'If a workload fails, the others and later waves go on.',
  rollback: 'If it fails, what it committed is put back and held.',
} as const;
