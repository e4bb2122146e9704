/** The states of cells and releases: how each is called, and what it looks like. */
import type { Cell, Release } from '../api/types.gen';

export type CellState = Cell['state'];
export type Phase = Release['phase'];
export type Family = 'ok' | 'run' | 'attention' | 'fail' | 'neutral' | 'drift';
export type Shape =
  | 'dot' | 'tick' | 'half' | 'clock' | 'diamond' | 'triangle' | 'octagon' | 'pause' | 'hexagon' | 'dashed' | 'absent' | 'stop' | 'back';

export interface Look {
  word: string;
  shape: Shape;
  family: Family;
}

/** Worst first: the order of chips, of counts and of what a summary names. */
export const cellStates: readonly CellState[] = [
  'failed', 'stuck', 'needs_approval', 'waiting', 'rolling_out', 'held', 'missing', 'unreachable', 'no_data', 'healthy',
];

export const cellLooks: Record<CellState, Look> = {
  failed: { word: 'Failed', shape: 'octagon', family: 'fail' },
  stuck: { word: 'Stuck', shape: 'triangle', family: 'attention' },
  needs_approval: { word: 'Needs approval', shape: 'diamond', family: 'attention' },
  waiting: { word: 'Waiting', shape: 'clock', family: 'neutral' },
  rolling_out: { word: 'Rolling out', shape: 'half', family: 'run' },
  held: { word: 'Held', shape: 'pause', family: 'neutral' },
  missing: { word: 'Missing', shape: 'absent', family: 'neutral' },
  unreachable: { word: 'Unreachable', shape: 'dashed', family: 'neutral' },
  no_data: { word: 'No data', shape: 'dashed', family: 'neutral' },
  healthy: { word: 'Healthy', shape: 'tick', family: 'ok' },
};

export const phaseLooks: Record<Phase, Look> = {
  planned: { word: 'Planned', shape: 'clock', family: 'neutral' },
  needs_approval: { word: 'Needs approval', shape: 'diamond', family: 'attention' },
  queued: { word: 'Queued', shape: 'clock', family: 'neutral' },
  committing: { word: 'Committing', shape: 'half', family: 'run' },
  syncing: { word: 'Syncing', shape: 'half', family: 'run' },
  rolling_out: { word: 'Rolling out', shape: 'half', family: 'run' },
  verifying: { word: 'Verifying', shape: 'half', family: 'run' },
  done: { word: 'Done', shape: 'tick', family: 'ok' },
  failed: { word: 'Failed', shape: 'octagon', family: 'fail' },
  stopped: { word: 'Stopped', shape: 'stop', family: 'neutral' },
  rolled_back: { word: 'Rolled back', shape: 'back', family: 'neutral' },
  superseded: { word: 'Superseded', shape: 'stop', family: 'neutral' },
};

/** States in which someone must act. */
export function needsSomeone(state: CellState): boolean {
  return state === 'failed' || state === 'stuck' || state === 'needs_approval';
}
