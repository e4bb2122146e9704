// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import type { Impact, Plan } from '../src/api/types.gen';
import { buttonText, changeOf, levelOf, rowsOf, sentenceOfChange, verdict, wavesOf, wayOf } from '../src/pages/promote/plan';
import { requestOf } from '../src/pages/promote/reading';
import { readWish } from '../src/pages/promote/wish';
import { parseDiff } from '../src/ui/diff';

type Item = Plan['items'][number];

function item(workload: string, target: string, from = '1.0.0', to = '1.1.0', wave = 1): Item {
  const image = (tag: string) => ({ repository: `registry/${workload}`, tag });
  return { workload, target, wave, changes: [{ container: workload, from: image(from), to: image(to), file: 'a.yaml', line: 1, isOlder: to < from, note: '' }] };
}

function plan(values: Partial<Plan> = {}): Plan {
  const items = values.items ?? [item('cart', 'eu'), item('cart', 'us', '1.0.0', '1.1.0', 2)];
  return { digest: 'd', to: 'prod', from: 'staging', items, skipped: [], gates: [], diff: '', waves: 2, summary: '1 workload in 2 clusters, 2 commits.', ...values };
}

describe('a plan', () => {
  it('has a row per workload, and a line for clusters in which the same happens', () => {
    const skip = (target: string, reason: string) => ({ workload: 'web', target, reason, hasIt: true });
    const rows = rowsOf(
      plan({
        items: [item('search', 'eu', '0.9.0'), item('cart', 'eu'), item('search', 'us'), item('cart', 'us')],
        skipped: [skip('eu', 'It already has 1.1.0.'), skip('us', 'It already has 1.1.0.')],
      }),
    );
    expect(rows.map((row) => row.workload)).toEqual(['cart', 'search', 'web']);
    expect(rows[0]!.moves.map((move) => move.targets)).toEqual([['eu', 'us']]);
    expect(rows[1]!.moves.map((move) => [move.from.tag, move.targets])).toEqual([['0.9.0', ['eu']], ['1.0.0', ['us']]]);
    expect(rows[2]!.skips).toEqual([{ reason: 'It already has 1.1.0.', targets: ['eu', 'us'] }]);
  });

  it('says by which way it goes', () => {
    expect(wayOf([['eu', 'us']], false)).toBe('One commit, for eu and us.');
    expect(wayOf([['eu']], true)).toBe('One pull request, for eu. It goes on when that is merged.');
    expect(wayOf([['eu'], ['us']], false)).toBe('2 waves, a commit each: eu, then us, each when the one before is healthy.');
    expect(wayOf([['eu'], ['us']], true)).toBe('2 waves, a pull request each: eu, then us, each when the one before is merged and healthy.');
  });

  it('says on its button what will happen', () => {
    const gate = { name: 'approval', verdict: 'waiting', reason: 'It needs 1 approval.' } as const;
    expect(buttonText(plan())).toBe('Promote 1 to prod');
    expect(buttonText(plan({ gates: [gate] }))).toBe('Ask for approval: 1 to prod');
    expect(buttonText(plan({ gates: [{ ...gate, verdict: 'open' }] }))).toBe('Promote 1 to prod');
    expect(verdict(plan({ gates: [gate] }))).toBe('1 workload in 2 clusters, 2 commits. It will wait for approval.');
    expect(verdict(plan({ impact: [{ target: 'us', fit: 'too_large', why: '', workloads: [] }] }))).toContain('It may not fit in us.');
    expect(verdict(plan({ items: [] }))).toBe('Nothing would change.');
  });

  it('says when it moves backward', () => {
    const back = item('cart', 'eu', '1.1.0', '1.0.0');
    expect(buttonText(plan({ items: [back] }))).toBe('Move 1 backward in prod');
    expect(buttonText(plan({ items: [back, item('web', 'eu')] }))).toBe('Promote 2 to prod');
    expect(verdict(plan({ items: [back, item('web', 'eu')] }))).toContain('cart moves backward.');
    expect(rowsOf(plan({ items: [back] }))[0]!.moves[0]!.isOlder).toBe(true);
  });

  it('is held against the one that was seen', () => {
    const before = plan({ items: [item('cart', 'eu'), item('web', 'eu'), item('search', 'eu')] });
    const after = plan({ items: [item('cart', 'eu', '1.0.0', '1.2.0'), item('web', 'eu'), item('users', 'eu')] });
    expect(changeOf(before, after)).toEqual({ changed: ['cart', 'users'], gone: ['search'] });
    expect(sentenceOfChange(changeOf(before, after))).toBe('The plan changed: cart, users are new or other than before; search is in it no more.');
    expect(changeOf(before, before)).toEqual({ changed: [], gone: [] });
  });

  it('counts what a cluster is asked for: now, after, and at most in between', () => {
    const amounts = (cpuMilli: number) => ({ cpuMilli, memoryBytes: 0, pods: 0 });
    const impact: Impact = {
      target: 'eu', fit: 'fits', why: '', workloads: [],
      allocatable: amounts(4000), requested: amounts(1000), now: amounts(200), after: amounts(300), peak: amounts(500),
    };
    expect(levelOf(impact, 'cpuMilli')).toEqual({ allocatable: 4000, now: 1000, after: 1100, peak: 1300 });
    expect(levelOf({ ...impact, requested: undefined }, 'cpuMilli')).toBeNull();
  });

  it('goes wave by wave', () => {
    expect(wavesOf(plan())).toEqual([['eu'], ['us']]);
  });
});

describe('a wish', () => {
  it('is in the address, and leaves out what the server should choose', () => {
    const wish = readWish(new URLSearchParams('q=x&promote=prod&workloads=cart,web'))!;
    expect(wish).toEqual({ to: 'prod', from: '', workloads: ['cart', 'web'], version: '' });
    expect(requestOf(wish, wish.workloads)).toEqual({ to: 'prod', workloads: ['cart', 'web'] });
    expect(requestOf({ ...wish, from: 'registry', version: '1.2.0' }, [])).toEqual({ to: 'prod', from: 'registry', version: '1.2.0' });
    expect(readWish(new URLSearchParams('q=x'))).toBeNull();
  });
});

describe('a diff', () => {
  const git = [
    'diff --git a/x/cart.yaml b/x/cart.yaml', 'index 1..2 100644', '--- a/x/cart.yaml', '+++ b/x/cart.yaml',
    '@@ -9,3 +9,3 @@ spec:', ' a', '-b', '+c', '--- not a head', '\\ No newline at end of file',
    'diff --git a/y.yaml b/y.yaml', '--- a/y.yaml', '+++ b/y.yaml', '@@ -1 +1,2 @@', ' y', '+z', '',
  ].join('\n');

  it('is read file by file, with the numbers of its lines', () => {
    const [cart, y] = parseDiff(git);
    expect([cart!.name, cart!.added, cart!.removed]).toEqual(['x/cart.yaml', 1, 2]);
    expect(cart!.lines).toEqual([
      { kind: 'place', text: 'spec:' },
      { kind: 'same', before: 9, after: 9, text: 'a' },
      { kind: 'gone', before: 10, text: 'b' },
      { kind: 'new', after: 10, text: 'c' },
      { kind: 'gone', before: 11, text: '-- not a head' },
    ]);
    expect([y!.name, y!.lines.length]).toEqual(['y.yaml', 3]);
  });

  it('needs no head of git', () => {
    const files = parseDiff('--- a/eu/cart\n+++ b/eu/cart\n@@ -1 +1 @@\n-a\n+b\n--- a/us/cart\n+++ b/us/cart\n@@ -1 +1 @@\n-a\n+b\n');
    expect(files.map((file) => [file.name, file.lines.length])).toEqual([['eu/cart', 3], ['us/cart', 3]]);
  });

  it('of nothing is nothing', () => {
    expect(parseDiff('')).toEqual([]);
  });
});
