/** What the Pipeline page shows: stages and gates as the server has them, and how the board's cells are in each stage. */
import { computed, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import type { Pipeline } from '../../api/types.gen';
import { connection, on } from '../../live/live';
import { board, cellsOf } from '../../model/board';
import { cellStates, type CellState } from '../../model/state';
import { duration } from '../../model/time';
import { href, place } from '../../router';

export type PipelineStage = Pipeline['stages'][number];

export const pipeline = signal<Pipeline | null>(null);
/** Why the last read failed; what was read before stays. */
export const pipelineProblem = signal<Problem | null>(null);

export async function readPipeline(): Promise<void> {
  try {
    pipeline.value = await call('GET /api/v1/pipeline');
    pipelineProblem.value = null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    pipelineProblem.value = error;
  }
}

const isLive = computed(() => connection.value.kind === 'live');

/** Read it, and again whenever it may have changed. */
export function usePipeline(): void {
  useEffect(() => {
    const again = () => void readPipeline();
    if (!isLive.peek()) again();
    const ends = [on('pipeline', again), on('reset', again), isLive.subscribe((now) => now && again())];
    return () => ends.forEach((end) => end());
  }, []);
}

/* ---- how it is in each stage ---- */

export interface Tally {
  /** Those that there are, worst first. */
  states: readonly { state: CellState; count: number }[];
  total: number;
  behind: number;
}

export const tallies = computed<ReadonlyMap<string, Tally>>(() => {
  void board.revision.value;
  const counts = new Map<string, { states: Map<CellState, number>; total: number; behind: number }>();
  for (const cell of board.rows.value.flatMap(cellsOf)) {
    const tally = counts.get(cell.stage) ?? { states: new Map<CellState, number>(), total: 0, behind: 0 };
    tally.states.set(cell.state, (tally.states.get(cell.state) ?? 0) + 1);
    tally.total++;
    if (cell.behind > 0) tally.behind++;
    counts.set(cell.stage, tally);
  }
  return new Map(
    [...counts].map(([stage, { states, total, behind }]) => [
      stage,
      { total, behind, states: cellStates.flatMap((state) => (states.has(state) ? [{ state, count: states.get(state)! }] : [])) },
    ]),
  );
});

const nothing: Tally = { states: [], total: 0, behind: 0 };

export function tallyOf(stage: string): Tally {
  return tallies.value.get(stage) ?? nothing;
}

/** The Board, with the rows that have something in this stage, or something in this state. */
export function boardLink(stage: string, state?: CellState): string {
  return href('/board', { q: state ? `stage:${stage} state:${state}` : `stage:${stage}` });
}

/* ---- in words ---- */

const people = (count: number) => (count === 1 ? '1 approval' : `${count} approvals`);

/** What a version passes to come in, short enough for a line: "soak 30 min". */
export function gatesOf(stage: PipelineStage): string[] {
  const gates: string[] = [];
  if (stage.soakMs > 0) gates.push(`soak ${duration(stage.soakMs)}`);
  if (stage.approvals > 0) gates.push(people(stage.approvals));
  return gates;
}

export function newestWords({ total, behind }: Tally): string {
  if (!total) return 'no workloads';
  if (!behind) return total === 1 ? 'on newest' : `all ${total} on newest`;
  return total === behind ? `all ${total} behind` : `${total - behind} on newest, ${behind} behind`;
}

export function joined(words: readonly string[], last = 'and'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

const afterFailure: Record<PipelineStage['onFailure'], string> = {
  stop: 'A failure stops the release.',
  continue: 'After a failure, the others go on.',
  rollback: 'A failure is rolled back.',
};

/** "prod-eu, then prod-us and prod-asia" */
export function wavesOf(stage: PipelineStage): string {
  const waves = new Map<number, string[]>();
  for (const { cluster, wave } of stage.targets) waves.set(wave, [...(waves.get(wave) ?? []), cluster]);
  return [...waves].sort(([a], [b]) => a - b).map(([, clusters]) => joined(clusters)).join(', then ');
}

/** How a version comes into a stage, in sentences. */
export function wayIn(stage: PipelineStage): string {
  const sources = stage.from.length ? joined(stage.from, 'or') : 'the registry';
  const gates: string[] = [];
  if (stage.soakMs > 0) gates.push(`${duration(stage.soakMs)} healthy before`);
  if (stage.approvals > 0) gates.push(people(stage.approvals));
  const needs = gates.length ? ` It needs ${joined(gates)}.` : '';
  const proposed = stage.pullRequest ? ' by pull request' : '';
  return `From ${sources}${proposed}, ${stage.automatic ? 'by itself' : 'when someone promotes'}.${needs} ${afterFailure[stage.onFailure]}`;
}

/** Stages below the last one that they take from, each once: the graph as an outline. */
export interface Branch {
  stage: PipelineStage;
  children: readonly Branch[];
}

export function outline(stages: readonly PipelineStage[]): readonly Branch[] {
  const depths = new Map<string, number>();
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const depth = (name: string): number => {
    if (!depths.has(name)) {
      depths.set(name, 0);
      const sources = (byName.get(name)?.from ?? []).filter((source) => byName.has(source));
      depths.set(name, Math.max(-1, ...sources.map(depth)) + 1);
    }
    return depths.get(name)!;
  };
  const parentOf = (stage: PipelineStage) =>
    stage.from.filter((name) => byName.has(name) && depth(name) < depth(stage.name)).sort((a, b) => depth(b) - depth(a))[0];
  const below = (parent: string | undefined): Branch[] =>
    stages.filter((stage) => parentOf(stage) === parent).map((stage) => ({ stage, children: below(stage.name) }));
  return below(undefined);
}

/* ---- what a person has chosen; the address keeps it ---- */

export const chosenStage = computed(() => place.value.query.get('stage') ?? '');
export const chosenWorkload = computed(() => place.value.query.get('workload') ?? '');
