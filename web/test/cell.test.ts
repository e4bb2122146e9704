// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import type { CellDetail, ReleaseRow } from '../src/api/types.gen';
import { broughtBy, causesOf } from '../src/model/cell';
import { parseCell } from '../src/pages/cell/shown';
import { cell } from './make';

const row = (id: number, values: Partial<ReleaseRow>) => ({ id, name: `R-${id}`, phase: 'done', commits: ['c'], ...values }) as ReleaseRow;
const detail = (running: string | undefined, version: string, releases: ReleaseRow[]) => ({ running, version, releases }) as CellDetail;

describe('what brought a version', () => {
  it('is the newest release that is done', () => {
    const { release, wanted } = broughtBy(detail('1.1.0', '1.1.0', [row(9, { phase: 'stopped', commits: [] }), row(8, { phase: 'failed' }), row(7, {})]));
    expect([release?.id, wanted]).toEqual([7, '']);
  });
  it('is the newest that is in Git, while it is on its way', () => {
    const { release, wanted, version } = broughtBy(detail('1.0.0', '1.1.0', [row(9, { phase: 'needs_approval', commits: [] }), row(8, { phase: 'rolling_out' }), row(7, {})]));
    expect([release?.id, version, wanted]).toEqual([8, '1.0.0', '1.1.0']);
  });
  it('may not be known', () => expect(broughtBy(detail(undefined, '1.0.0', [])).release).toBeNull());
});

describe('causes', () => {
  it('are named once, with their clusters', () => {
    const diagnosis = { code: 'HD1001', what: 'No such tag.' };
    const target = cell().targets[0]!;
    const targets = [{ ...target, cluster: 'a', diagnosis }, { ...target, cluster: 'b' }, { ...target, cluster: 'c', diagnosis: { ...diagnosis } }];
    expect(causesOf(cell({ targets }))).toEqual([{ diagnosis, clusters: ['a', 'c'] }]);
  });
});

describe('the address of a cell', () => {
  it.each([
    ['dev/cart', { stage: 'dev', workload: 'cart' }],
    ['dev/a/b', { stage: 'dev', workload: 'a/b' }],
    ['dev/', null], ['/cart', null], ['cart', null], ['', null], [null, null],
  ])('%s', (text, place) => expect(parseCell(text)).toEqual(place));
});
