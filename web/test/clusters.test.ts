// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import type { Plan } from '../src/api/types.gen';
import { cpu, difference, memory, percent } from '../src/model/amount';
import { largest, linesOf } from '../src/pages/clusters/capacity';
import { offersOf } from '../src/pages/clusters/offer';
import { lagOf } from '../src/pages/clusters/revision';

const image = (tag: string) => ({ repository: 'registry/x', tag });
const change = (container: string, isOlder = false) => ({ container, from: image('1.0.0'), to: image('1.1.0'), file: 'a.yaml', line: 1, isOlder, note: '' });

describe('what a source offers to a cluster', () => {
  const plan: Plan = {
    digest: 'd', to: 'prod', from: 'registry', gates: [], diff: '', waves: 1, summary: '',
    items: [
      { workload: 'web', target: 'eu', wave: 1, changes: [change('web'), change('proxy')] },
      { workload: 'cart', target: 'eu', wave: 1, changes: [change('cart')] },
      { workload: 'mailer', target: 'us', wave: 1, changes: [change('mailer', true)] },
    ],
    skipped: [
      { workload: 'mailer', target: 'eu', hasIt: true, reason: 'It already has 1.1.0.' },
      { workload: 'quotes', target: 'eu', hasIt: false, reason: 'The registry has none of its images.' },
      { workload: 'web', target: 'us', hasIt: true, reason: 'It already has 1.1.0.' },
    ],
  };

  it('is in order: what can move, what cannot and why, what is up to date; of this cluster alone', () => {
    expect(offersOf(plan, 'eu').map(({ workload, canMove, note }) => [workload, canMove, note])).toEqual([
      ['cart', true, ''],
      ['web', true, 'and 1 more container'],
      ['quotes', false, 'The registry has none of its images.'],
      ['mailer', false, 'Up to date'],
    ]);
    expect(offersOf(plan, 'us').map(({ workload, note }) => [workload, note])).toEqual([['mailer', 'Backward: the source has an older one'], ['web', 'Up to date']]);
  });
});

describe('amounts', () => {
  it('are said as the server says them', () => {
    expect([cpu(50), cpu(1150), cpu(24000)]).toEqual(['0.05 CPU', '1.15 CPU', '24 CPU']);
    expect([memory(64 * 2 ** 20), memory(33889976320)]).toEqual(['64 MiB', '31.6 GiB']);
    expect([difference(0, cpu), difference(-250, cpu), difference(2 ** 30, memory)]).toEqual(['no change', '−0.25 CPU', '+1 GiB']);
    expect([percent(1, 3), percent(1, 0)]).toEqual(['33 %', '–']);
  });

  it('of nodes are told without a usage, and not at all without a measure', () => {
    const amounts = { cpuMilli: 1000, memoryBytes: 0, pods: 5 };
    expect(linesOf({ allocatable: amounts, requested: amounts }).map(({ name, used }) => [name, used])).toEqual([['CPU', undefined], ['Memory', undefined], ['Pods', undefined]]);
    expect(linesOf({ unknown: 'The agent may not see nodes.' })).toEqual([]);
  });

  it('of workloads are of all their pods, the largest first', () => {
    const workload = (name: string, pods: number, memoryBytes: number) => ({
      name, namespace: 'shop', kind: 'Deployment', state: 'healthy' as const, ready: pods, wanted: pods, diagnosis: null, use: { pods, perPod: { cpuMilli: 10, memoryBytes } },
    });
    expect(largest([workload('a', 1, 100), workload('b', 3, 50), { ...workload('c', 1, 1), use: undefined }]).map(({ name, memoryBytes }) => [name, memoryBytes])).toEqual([['b', 150], ['a', 100]]);
  });
});

describe('the lag of a cluster', () => {
  it('is told in commits', () => {
    expect(lagOf({ appliedCommit: 'a', behind: 0 })).toBe('Up to date with Git');
    expect(lagOf({ appliedCommit: 'a', behind: 1 })).toBe('1 commit behind Git');
    expect(lagOf({ appliedCommit: 'a', behind: -1 })).toBe('Applied a commit that the branch does not have');
    expect(lagOf({})).toBe('Nothing is applied yet');
  });
});
