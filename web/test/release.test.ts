import { describe, expect, it } from 'vitest';
import type { Release, ReleaseItem } from '../src/api/types.gen';
import { findingsOf, happeningsOf, listed, progressOf, railOf, releaseLook, sentenceOf, ticksOf, timelineOf, usualWords } from '../src/model/release';

const at = (second: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, second)).toISOString();

function item(values: Partial<ReleaseItem> = {}): ReleaseItem {
  const repository = 'shop/cart';
  return {
    workload: 'cart', target: 'dev', wave: 1, state: 'rolling', since: at(3), ready: 1, wanted: 2, diagnosis: null,
    changes: [{ container: 'cart', from: { repository, tag: '1.0.0' }, to: { repository, tag: '1.1.0' } }], ...values,
  };
}

function step(name: Release['steps'][number]['name'], from: number, to?: number, values: Partial<Release['steps'][number]> = {}): Release['steps'][number] {
  return { wave: 1, name, outcome: to === undefined ? 'waiting' : 'done', text: '', startedAt: at(from), ...(to !== undefined && { finishedAt: at(to) }), ...values };
}

function release(values: Partial<Release> = {}): Release {
  return {
    id: 7, name: 'R-7', kind: 'promote', stage: 'dev', from: 'registry', actor: 'ada', reason: 'Try it', phase: 'rolling_out', why: 'cart has 1 of 2 new pods ready in dev.',
    isOver: false, isStuck: false, planDigest: 'p', createdAt: at(0), phaseAt: at(3), wave: 1, waves: 1, supersededBy: null, rollbackOf: null, workloads: ['cart'], versions: [{ workload: 'cart', from: '1.0.0', to: '1.1.0' }], approvedBy: [],
    commits: ['9f31c2aaaa'], items: [item()], gates: [], approvals: [], skipped: [], usual: [], pullRequests: [],
    steps: [step('gate', 0, 0), step('commit', 1, 1), step('push', 1, 2), step('sync', 2, 3), step('rollout', 3)], ...values,
  };
}

const noTag = { code: 'HD1001', what: 'The tag 1.1.0 does not exist. 2 of 2 new pods cannot start.', effect: 'The old version still serves: 2 of 2 pods.' };

describe('the sentence on top', () => {
  it('says how far one workload is', () => expect(sentenceOf(release())).toBe('cart has 1 of 2 new pods ready in dev.'));
  it('counts, names the one in the way, and says whom that concerns', () => {
    const stuck = item({ workload: 'web', state: 'stuck', diagnosis: noTag });
    const text = sentenceOf(release({ isStuck: true, why: `web in dev: ${noTag.what}`, items: [item({ state: 'done' }), stuck], workloads: ['cart', 'web'] }));
    expect(text).toBe(`1 of 2 runs the new version. web in dev: ${noTag.what} ${noTag.effect}`);
  });
  it('says where it runs when it is done', () => {
    const items = [item({ state: 'done', target: 'eu' }), item({ state: 'done', target: 'us' })];
    expect(sentenceOf(release({ phase: 'done', isOver: true, why: 'Done after 6 s.', items }))).toBe('cart 1.1.0 runs in eu and us. Done after 6 s.');
  });
  it('promises no change before there is one', () =>
    expect(sentenceOf(release({ phase: 'needs_approval', why: 'It needs 1 approval', commits: [], steps: [] }))).toBe('It needs 1 approval. Nothing has changed in dev yet.'));
  it('does not say so between waves', () =>
    expect(sentenceOf(release({ phase: 'queued', why: 'It waits.', waves: 2, wave: 2 }))).toBe('It waits.'));
});

describe('the rail', () => {
  const words = (value: Release) => railOf(value).map((stop) => `${stop.word}:${stop.is}`);
  it('goes as far as the release has come', () =>
    expect(words(release())).toEqual(['Planned:past', 'Let in:past', 'Committed:past', 'Synced:past', 'Rolling out:now', 'Done:ahead']));
  it('names who let it in, and the commit', () => {
    const stops = railOf(release({ approvals: [{ person: 'mia', isRejection: false, message: '', at: at(0) }] }));
    expect(stops.slice(1, 3).map((stop) => stop.note)).toEqual(['mia', '9f31c2a']);
  });
  it('has a stop for the merge where there is a pull request', () => {
    const pull: Release['pullRequests'][number] = {
      wave: 1, branch: 'heddle/R-7-1-3f9a2c', into: 'main', number: 7, url: 'https://git.example.org/7', state: 'open', who: '', approvals: 0, objections: 0, checks: 'none', hasConflict: false, problem: '',
    };
    const waiting = { phase: 'committing' as const, pullRequests: [pull], steps: [step('gate', 0, 0), step('commit', 1, 1), step('push', 1, 2), step('pull request', 2)] };
    expect(words(release(waiting))).toEqual(['Planned:past', 'Let in:past', 'Committed:past', 'Committing:now', 'Sync:ahead', 'Roll out:ahead', 'Done:ahead']);
    const merged = { pullRequests: [{ ...pull, state: 'merged' as const, who: 'mia' }], steps: [step('gate', 0, 0), step('commit', 1, 1), step('push', 1, 2), step('pull request', 2, 3), step('sync', 3)] };
    expect(railOf(release(merged)).find((stop) => stop.word === 'Merged')?.note).toBe('mia');
  });
  it('ends where the release ended', () => {
    const steps = [step('gate', 0, 0), step('commit', 1, 1), step('push', 1, 2), step('sync', 2, 3), step('rollout', 3, 60, { outcome: 'failed' })];
    expect(words(release({ phase: 'failed', isOver: true, steps }))).toEqual(['Planned:past', 'Let in:past', 'Committed:past', 'Synced:past', 'Failed:end']);
    expect(words(release({ phase: 'stopped', isOver: true, steps: [], commits: [] }))).toEqual(['Planned:past', 'Stopped:end']);
  });
  it('says that it is stuck', () => expect(words(release({ isStuck: true }))).toContain('Stuck:now'));
  it('waits at its gates', () =>
    expect(words(release({ phase: 'needs_approval', steps: [step('gate', 0)] }))).toEqual([
      'Planned:past', 'Needs approval:now', 'Commit:ahead', 'Sync:ahead', 'Roll out:ahead', 'Done:ahead',
    ]));
  it('shows the wave that it is in', () => {
    const steps = [...release().steps.map((one) => ({ ...one, finishedAt: at(4), outcome: 'done' as const })), step('commit', 5, undefined, { wave: 2 })];
    expect(words(release({ waves: 2, wave: 2, phase: 'committing', steps }))[1]).toBe('Committing:now');
  });
});

describe('the timeline', () => {
  it('begins with the first commit, and lasts until now', () => {
    const { from, to, rows } = timelineOf(release(), Date.parse(at(10)));
    expect([from, to]).toEqual([Date.parse(at(1)), Date.parse(at(10))]);
    expect(rows[0]!.bars.map(({ kind, from: begin, to: end }) => [kind, (begin - from) / 1000, (end - from) / 1000])).toEqual([
      ['git', 0, 1], ['sync', 1, 2], ['pods', 2, 9],
    ]);
  });
  it('lets a row end when its workload was done', () => {
    const row = timelineOf(release({ items: [item({ state: 'done', since: at(5) })] }), Date.parse(at(60))).rows[0]!;
    expect(row.bars.at(-1)!.to).toBe(Date.parse(at(5)));
  });
  it('stays as it is when all is over', () => {
    const over = release({ phase: 'done', isOver: true, finishedAt: at(6), items: [item({ state: 'done', since: at(6) })] });
    expect(timelineOf(over, Date.parse(at(50))).to).toBe(Date.parse(at(6)));
  });
  it.each([
    [2, 10, 33, ''],
    [3, 20, 33, 'usually 20 s'],
    [10, 10, 33, '3 times as long as the usual 10 s'],
    [10, 2, 10, 'usually 2 s'],
  ])('compared with %i rollouts of %i s, at %i s', (of, usualSeconds, now, words) => {
    const usual = [{ workload: 'cart', target: 'dev', rolloutMs: usualSeconds * 1000, of }];
    expect(usualWords(timelineOf(release({ usual }), Date.parse(at(now))).rows[0]!)).toBe(words);
  });
  it('has no bars before the first commit', () => expect(timelineOf(release({ steps: [] }), Date.parse(at(9))).rows[0]!.bars).toEqual([]));
  it.each([[1000, [0]], [9000, [0, 2000, 4000, 6000, 8000]], [300_000, [0, 60_000, 120_000, 180_000, 240_000]]])(
    'of %i ms has marks', (to, ticks) => expect(ticksOf({ from: 0, to })).toEqual(ticks));
});

describe('words', () => {
  it.each([
    [item(), '1 of 2 new pods ready'],
    [item({ state: 'waiting', wave: 2 }), 'After wave 1'],
    [item({ state: 'waiting' }), 'Not begun'],
    [item({ state: 'done', ready: 2 }), '2 of 2 pods run it'],
    [item({ state: 'done', wanted: 0 }), 'It has the new version'],
    [item({ state: 'stopped', wanted: 0 }), 'Stopped'],
  ])('of an item', (one, words) => expect(progressOf(one, { wave: 1, isOver: false })).toBe(words));
  it.each([[['a'], 'a'], [['a', 'b'], 'a and b'], [['a', 'b', 'c', 'd', 'e'], 'a, b and 3 more']])('of a list', (names, words) => expect(listed(names)).toBe(words));
  it('of a release that is stuck', () => expect(releaseLook(release({ isStuck: true })).word).toBe('Stuck'));
});

describe('causes', () => {
  it('are named once, with all that they hit; failures first', () => {
    const items = [
      item({ state: 'stuck', diagnosis: noTag, target: 'a' }),
      item({ state: 'stuck', diagnosis: noTag, target: 'b' }),
      item({ state: 'failed', diagnosis: { code: 'HD1011', what: 'It exits.' }, target: 'c' }),
      item({ state: 'done', diagnosis: noTag, target: 'd' }),
    ];
    expect(findingsOf(items).map(({ diagnosis, items: hit }) => [diagnosis.code, hit.map(({ target }) => target).join()])).toEqual([['HD1011', 'c'], ['HD1001', 'a,b']]);
  });
});

describe('what happened', () => {
  it('is in the order of time', () => {
    const all = happeningsOf(release({ approvals: [{ person: 'mia', isRejection: false, message: 'ok', at: at(1) }] }));
    const times = all.map((one) => Date.parse(one.at));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(all.map((one) => one.what)).toContain('Approved by mia');
    expect(all[0]).toEqual({ at: at(0), what: 'Planned by ada', text: 'Try it' });
  });
});
