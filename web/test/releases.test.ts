/** The list of releases: what it looks for, how pages and events become one list, and what is exported. */
import { describe, expect, it } from 'vitest';
import type { ReleaseRow } from '../src/api/types.gen';
import { csvOf, jsonOf } from '../src/pages/releases/export';
import { ReleaseList } from '../src/model/release-list';
import { askFor, isEmpty, matches, queryOf } from '../src/pages/releases/query';
import { dice, shuffled } from './make';

const NOW = Date.parse('2026-11-23T12:00:00Z');

function release(id: number, values: Partial<ReleaseRow> = {}): ReleaseRow {
  return {
    id, name: `R-${id}`, kind: 'promote', stage: 'prod', from: 'staging', actor: 'ada', reason: 'Faster pages', phase: 'done', why: 'Done after 4 s.',
    isOver: true, isStuck: false, planDigest: '5f0c', wave: 1, waves: 1, supersededBy: null, rollbackOf: null, workloads: ['cart'],
    versions: [{ workload: 'cart', from: '1.0.0', to: '1.1.0' }], approvedBy: [], commits: [], createdAt: '2026-11-23T11:00:00Z', ...values,
  };
}

const query = (address: string) => queryOf(new URLSearchParams(address));
const finds = (address: string, values: Partial<ReleaseRow> = {}) => matches(release(7, values), query(address), NOW);

describe('a query', () => {
  it.each([
    ['', true],
    ['q=CAR', true],
    ['q=faster', true],
    ['q=Ada', true],
    ['q=r-7', true],
    ['q=r-77', false],
    ['q=1.1.0', true],
    ['q=1.1', false],
    ['q=1.0.0', false],
    ['workload=cart&stage=prod&who=ada&kind=promote', true],
    ['workload=car', false],
    ['stage=dev', false],
    ['who=mia', false],
    ['kind=auto', false],
    ['state=over', true],
    ['state=active', false],
    ['state=done', true],
    ['state=failed', false],
    ['since=2h', true],
    ['since=30m', false],
  ])('%s finds it: %s', (address, found) => expect(finds(address)).toBe(found));

  it('finds what is stuck by that, and by its phase', () => {
    const stuck = { isStuck: true, isOver: false, phase: 'rolling_out' } as const;
    expect(finds('state=stuck', stuck)).toBe(true);
    expect(finds('state=rolling_out', stuck)).toBe(true);
    expect(finds('state=stuck')).toBe(false);
  });

  it('takes no word that means nothing', () => {
    expect(isEmpty(query('kind=all&state=running&since=yesterday&colour=red'))).toBe(true);
    expect(isEmpty(query('kind=auto'))).toBe(false);
  });

  it('asks the API by the time, not by how long ago', () => {
    expect(askFor(query('since=1d&q=cart'), NOW)).toMatchObject({ since: '2026-11-22T12:00:00.000Z', text: 'cart' });
    expect(askFor(query(''), NOW).since).toBe('');
  });
});

const ids = (list: ReleaseList) => list.shown.value.map((row) => row.value.id);
const pageOf = (rows: readonly ReleaseRow[], before = Infinity, limit = 3) => {
  const items = rows.filter(({ id }) => id < before).sort((a, b) => b.id - a.id).slice(0, limit);
  return items.length === limit ? { items, next: items.at(-1)!.id } : { items };
};

describe('a list', () => {
  const seven = [1, 2, 3, 4, 5, 6, 7].map((id) => release(id));

  it('comes in pages without holes and without rows twice', () => {
    const list = new ReleaseList(() => true);
    list.takePage(pageOf(seven), list.moment);
    expect(ids(list)).toEqual([7, 6, 5]);
    list.takePage(pageOf(seven, list.next.value!), list.moment, true);
    list.takePage(pageOf(seven, list.next.value!), list.moment, true);
    expect(ids(list)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(list.next.value).toBeNull();
  });

  it('lets what is new wait until it is asked in, also when a page is added', () => {
    const list = new ReleaseList(() => true);
    list.takePage(pageOf(seven), list.moment);
    list.takeEvent(release(8), 1);
    expect(ids(list)).toEqual([7, 6, 5]);
    expect(list.waiting.value).toBe(1);
    list.takePage(pageOf(seven, list.next.value!), list.moment, true);
    expect(ids(list)).toEqual([7, 6, 5, 4, 3, 2]);
    list.settle();
    expect(ids(list)).toEqual([8, 7, 6, 5, 4, 3, 2]);
    expect(list.waiting.value).toBe(0);
  });

  it('is read again without moving what is shown, and without what is gone', () => {
    const list = new ReleaseList(() => true);
    list.takePage(pageOf(seven), list.moment);
    list.takePage(pageOf(seven, list.next.value!), list.moment, true);
    const again = [...seven.filter(({ id }) => id !== 6), release(8), release(9)];
    list.takePage(pageOf(again, Infinity, 5), list.moment);
    expect(ids(list)).toEqual([7, 5, 4, 3, 2]);
    expect([list.waiting.value, list.next.value]).toEqual([2, 2]);
    list.settle();
    expect(ids(list)).toEqual([9, 8, 7, 5, 4, 3, 2]);
  });

  it('shows a phase at once, and keeps the row until it is settled', () => {
    const list = new ReleaseList((row) => !row.isOver);
    const active = release(1, { isOver: false, phase: 'syncing' });
    list.takePage({ items: [active] }, list.moment);
    const row = list.shown.value[0]!;
    expect(list.takeEvent(release(1), 4)).toBe(true);
    expect(row.value.phase).toBe('done');
    expect(list.takeEvent({ ...active, phase: 'committing' }, 3)).toBe(false);
    expect(row.value.phase).toBe('done');
    expect([ids(list), list.waiting.value]).toEqual([[1], 1]);
    list.settle();
    expect(ids(list)).toEqual([]);
  });

  it('does not guess what is older than what was read', () => {
    const list = new ReleaseList(() => true);
    list.takePage(pageOf(seven), list.moment);
    list.takeEvent(release(2, { reason: 'again' }), 1);
    list.settle();
    expect(ids(list)).toEqual([7, 6, 5]);
  });

  it('believes what was told after a page was asked for, and the page before that', () => {
    const list = new ReleaseList(() => true);
    list.takeEvent(release(1, { why: 'told early' }), 1);
    const moment = list.moment;
    list.takeEvent(release(2, { why: 'told late' }), 2);
    list.takeEvent(release(3, { why: 'new' }), 3);
    list.takePage({ items: [release(2), release(1)] }, moment);
    expect(list.shown.value.map((row) => row.value.why)).toEqual(['new', 'told late', 'Done after 4 s.']);
  });

  it('is the same in whatever order events come, twice or late', () => {
    const phases = ['queued', 'committing', 'syncing', 'rolling_out', 'done'] as const;
    const events = [1, 2, 3].flatMap((id) => phases.map((phase, at) => ({ row: release(id, { phase, isOver: phase === 'done' }), number: at * 3 + id })));
    for (let seed = 1; seed <= 50; seed++) {
      const list = new ReleaseList(() => true);
      list.takePage({ items: [release(1, { phase: 'planned', isOver: false })] }, list.moment);
      for (const { row, number } of shuffled([...events, ...events], dice(seed))) list.takeEvent(row, number);
      list.settle();
      expect(list.shown.value.map((row) => `${row.value.id} ${row.value.phase}`)).toEqual(['3 done', '2 done', '1 done']);
    }
  });
});

describe('an export', () => {
  it('has a line for each, with how long it took and lived', () => {
    const row = release(7, { finishedAt: '2026-11-23T11:01:30Z', liveUntil: '2026-11-23T11:02:30Z', approvedBy: ['mia', 'bo'] });
    const [head, line, end] = csvOf([row]).split('\r\n');
    expect(head).toMatch(/^release,kind,from,stage,/);
    expect(line).toBe(
      'R-7,promote,staging,prod,cart,cart 1.0.0 > 1.1.0,ada,mia bo,Faster pages,done,Done after 4 s.,2026-11-23T11:00:00Z,2026-11-23T11:01:30Z,90,2026-11-23T11:02:30Z,60,,',
    );
    expect(end).toBe('');
  });

  it('keeps commas, quotes and lines in their cell, and formulas from running', () => {
    expect(csvOf([release(1, { reason: 'a, "b"\nc' })])).toContain('"a, ""b""\nc"');
    expect(csvOf([release(1, { reason: '=HYPERLINK("x")' })])).toContain(`"'=HYPERLINK(""x"")"`);
  });

  it('is also what the API gave', () => expect(JSON.parse(jsonOf([release(1)]))).toEqual([release(1)]));
});
