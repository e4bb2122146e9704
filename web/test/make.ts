/** Cells and boards for tests: well, unless told otherwise. */
import type { Board, Cell } from '../src/api/types.gen';

export function digestOf(version: string): string {
  return `sha256:${[...version].map((c) => c.charCodeAt(0).toString(16)).join('').padEnd(64, '0')}`;
}

export function cell(values: Partial<Cell> = {}): Cell {
  const version = values.version ?? '1.0.0';
  const digest = values.digest ?? digestOf(version);
  const target: Cell['targets'][number] = {
    cluster: 'c', state: 'healthy', version, digest, running: version, runningDigest: digest, ready: 2, wanted: 2, diagnosis: null, isReachable: true,
  };
  return {
    stage: 'dev', state: 'healthy', version, digest, running: version, behind: 0, ready: 2, wanted: 2, summary: '2 of 2 pods are ready.',
    diagnosis: null, hold: null, release: null, targets: [target], ...values,
  };
}

export function boardOf(workloads: Record<string, Cell[]>, stages = ['dev', 'prod']): Board {
  return {
    at: '2026-11-23T12:00:00Z',
    stages: stages.map((name, at) => ({ name, automatic: at === 0, from: at ? [stages[at - 1]!] : [], targets: [name] })),
    workloads: Object.entries(workloads).map(([name, cells]) => ({ name, kind: 'Deployment', namespace: 'shop', newest: null, cells })),
  };
}

/** The same numbers in every run. */
export function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % sides;
  };
}

export function shuffled<T>(list: readonly T[], roll: (sides: number) => number): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = roll(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
