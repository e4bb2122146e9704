// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { board } from '../src/model/board';
import { layOut } from '../src/pages/pipeline/layout';
import { next } from '../src/pages/pipeline/graph';
import { gatesOf, newestWords, outline, tallyOf, wavesOf, wayIn, type Branch, type PipelineStage } from '../src/pages/pipeline/view';
import { boardOf, cell } from './make';

function stage(name: string, values: Partial<PipelineStage> = {}): PipelineStage {
  const targets = [{ cluster: name, repository: '', branch: 'main', path: name, wave: 1 }];
  return { name, from: [], automatic: false, pullRequest: false, soakMs: 0, approvals: 0, onFailure: 'stop', targets, ...values };
}

describe('counts', () => {
  beforeEach(() => {
    const of = (name: string, values: Parameters<typeof cell>[0]) => cell({ stage: name, ...values });
    board.take(boardOf({
      cart: [of('dev', {}), of('prod', { behind: 2 })],
      web: [of('dev', { state: 'stuck' })],
      mail: [of('dev', { state: 'failed', behind: 1 })],
    }));
  });

  it('are of each state that there is, worst first', () => {
    expect(tallyOf('dev')).toEqual({
      total: 3, behind: 1, states: [{ state: 'failed', count: 1 }, { state: 'stuck', count: 1 }, { state: 'healthy', count: 1 }],
    });
    expect(tallyOf('prod')).toMatchObject({ total: 1, behind: 1 });
    expect(tallyOf('nowhere').total).toBe(0);
  });

  it('follow one cell', () => {
    board.takeCell({ workload: 'web', cell: cell({ stage: 'dev' }) }, 1);
    expect(tallyOf('dev').states).toEqual([{ state: 'failed', count: 1 }, { state: 'healthy', count: 2 }]);
  });

  it.each([[0, 0, 'no workloads'], [1, 0, 'on newest'], [3, 0, 'all 3 on newest'], [3, 1, '2 on newest, 1 behind'], [3, 3, 'all 3 behind']])(
    '%i workloads, %i behind: %s', (total, behind, words) => expect(newestWords({ total, behind, states: [] })).toBe(words),
  );
});

describe('the words of a stage', () => {
  it('say how a version comes in', () => {
    expect(wayIn(stage('dev', { automatic: true }))).toBe('From the registry, by itself. A failure stops the release.');
    expect(wayIn(stage('prod', { from: ['dev'], pullRequest: true }))).toBe('From dev by pull request, when someone promotes. A failure stops the release.');
    expect(wayIn(stage('prod', { from: ['eu', 'us'], soakMs: 1_800_000, approvals: 2, onFailure: 'rollback' }))).toBe(
      'From eu or us, when someone promotes. It needs 30 min healthy before and 2 approvals. A failure is rolled back.',
    );
  });
  it('are short on a line', () => expect(gatesOf(stage('prod', { soakMs: 10_000, approvals: 1 }))).toEqual(['soak 10 s', '1 approval']));
  it('name clusters wave by wave', () => {
    const target = (cluster: string, wave: number) => ({ cluster, repository: '', branch: 'main', path: cluster, wave });
    expect(wavesOf(stage('prod', { targets: [target('us', 2), target('eu', 1), target('asia', 2)] }))).toBe('eu, then us and asia');
  });
});

describe('the outline', () => {
  const names = (branches: readonly Branch[]): unknown[] => branches.flatMap((one) => [one.stage.name, ...(one.children.length ? [names(one.children)] : [])]);
  it('has each stage once, below the last that it takes from', () => {
    const stages = [stage('prod', { from: ['dev', 'staging'] }), stage('dev'), stage('staging', { from: ['dev'] }), stage('edge')];
    expect(names(outline(stages))).toEqual(['dev', ['staging', ['prod']], 'edge']);
  });
});

describe('arrows', () => {
  const steps = [
    { id: '(registry)', from: [] }, { id: 'dev', from: ['(registry)'] }, { id: 'eu', from: ['dev'] }, { id: 'us', from: ['dev'] },
    { id: 'asia', from: ['dev'] }, { id: 'all', from: ['eu', 'us', 'asia'] },
  ];
  const layout = layOut(steps, { width: 200, height: 80, gap: 20, lane: 10, entry: 20 });
  it.each([
    ['dev', 'ArrowRight', 'us'], ['dev', 'ArrowLeft', null], ['us', 'ArrowUp', 'eu'], ['us', 'ArrowDown', 'asia'], ['eu', 'ArrowUp', null],
    ['asia', 'ArrowRight', 'all'], ['all', 'ArrowLeft', 'us'], ['all', 'Home', 'dev'], ['', 'End', 'all'], ['', 'ArrowRight', null],
  ])('%s %s goes to %s', (from, key, to) => expect(next(layout, from, key)).toBe(to));
});
