/** The board's cells, seen from one cluster. */
import type { Cell } from '../../api/types.gen';
import { board } from '../../model/board';
import { cellLooks, type CellState } from '../../model/state';

export interface Target {
  cell: Cell;
  target: Cell['targets'][number];
}

export function targetOf(workload: string, cluster: string): Target | null {
  for (const signal of board.byName.value.get(workload)?.cells ?? []) {
    const target = signal?.value.targets.find((one) => one.cluster === cluster);
    if (signal && target) return { cell: signal.value, target };
  }
  return null;
}

/** Of a cluster that is silent, its state is only what it was. */
export function stateOf({ target }: Target): CellState {
  return target.isReachable || target.state === 'no_data' ? target.state : 'unreachable';
}

export function wordsOf(place: Target): string {
  const state = stateOf(place);
  const was = state === 'unreachable' ? `, was ${cellLooks[place.target.state].word.toLowerCase()}` : '';
  return cellLooks[state].word + was;
}
