import { describe, expect, it } from 'vitest';
import { parseFilter } from '../src/model/filter';
import { cell } from './make';

const now = Date.parse('2026-11-23T12:00:00Z');
const rows = [
  { name: 'cart', namespace: 'shop', kind: 'Deployment', cells: [cell({ stage: 'dev', version: '2.4.1' }), cell({ stage: 'prod', state: 'stuck', version: '2.3.0', behind: 3, since: '2026-11-23T11:50:00Z' })] },
  { name: 'cart-cron', namespace: 'shop', kind: 'CronJob', cells: [cell({ stage: 'dev', version: '1.0.0', since: '2026-11-22T11:50:00Z' })] },
  { name: 'ledger', namespace: 'bank', kind: 'Deployment', cells: [cell({ stage: 'prod', state: 'failed', version: '2.4.0', behind: 1 }), cell({ stage: 'dev', state: 'held' })] },
];

function found(text: string): string[] {
  const filter = parseFilter(text);
  return rows.filter((row) => filter.matches(row, now)).map((row) => row.name);
}

describe('the filter', () => {
  it.each<[string, string[]]>([
    ['', ['cart', 'cart-cron', 'ledger']],
    ['CART', ['cart', 'cart-cron']],
    ['cart cron', ['cart-cron']],
    ['ns:bank', ['ledger']],
    ['kind:cron', ['cart-cron']],
    ['-kind:cron', ['cart', 'ledger']],
    ['state:stuck', ['cart']],
    ['state:stuck,failed', ['cart', 'ledger']],
    ['state:fail', ['ledger']],
    ['-state:held', ['cart', 'cart-cron']],
    ['version:2.4', ['cart', 'ledger']],
    ['behind:>2', ['cart']],
    ['behind:1', ['ledger']],
    ['behind:<=1 ns:shop', ['cart', 'cart-cron']],
    ['changed:<1h', ['cart']],
    ['changed:>1h', ['cart-cron']],
    ['"cart-cron"', ['cart-cron']],
    ['nothing', []],
  ])('%s', (text, names) => {
    expect(found(text)).toEqual(names);
    expect(parseFilter(text).problem).toBeNull();
  });

  it('asks all conditions of one and the same cell', () => {
    expect(found('version:2.4 state:stuck')).toEqual([]);
    expect(found('stage:prod version:2.4')).toEqual(['ledger']);
  });

  it.each(['state:', 'behind:', 'behind:>', 'changed:<', 'ns:'])('lets one go on typing: %s', (text) => {
    expect(parseFilter(text).problem).toBeNull();
    expect(found(text)).toHaveLength(3);
  });

  it.each([
    ['colour:red', 'There is no filter “colour:”'],
    ['state:happy', 'There is no state “happy”'],
    ['behind:many', 'Write behind:>2'],
    ['changed:yesterday', 'Write changed:<1h'],
  ])('says what it does not understand, and leaves it out: %s', (text, words) => {
    expect(parseFilter(text).problem).toContain(words);
    expect(found(text)).toHaveLength(3);
  });
});
