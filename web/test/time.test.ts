import { describe, expect, it } from 'vitest';
import { ago, duration, moment, parseDuration } from '../src/model/time';

const S = 1000, MIN = 60 * S, H = 60 * MIN, D = 24 * H;

describe('durations', () => {
  it.each([
    [-5, '0 s'], [0, '0 s'], [999, '0 s'], [48 * S, '48 s'], [60 * S, '1 min'], [125 * S, '2 min 5 s'], [12 * MIN + 5 * S, '12 min'],
    [3 * H, '3 h'], [3 * H + 20 * MIN, '3 h 20 min'], [20 * H, '20 h'], [4 * D + 2 * H, '4 d 2 h'], [40 * D, '40 d'],
  ])('%i ms is %s', (ms, words) => expect(duration(ms)).toBe(words));

  it.each([['30s', 30 * S], ['5m', 5 * MIN], ['5min', 5 * MIN], ['1h', H], ['2d', 2 * D], ['h', null], ['1y', null], ['', null]])(
    '%s is read as %s', (text, ms) => expect(parseDuration(text)).toBe(ms));
});

describe('moments', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  it.each([
    [now - 2 * S, 'just now'],
    [now - 3 * MIN - 20 * S, '3 min ago'],
    [now - 5 * H, '5 h ago'],
    [now - 2 * D, 'Sat 12:00'],
    [Date.parse('2026-03-03T14:03:00Z'), '3 Mar 2026, 14:03'],
  ])('%i', (time, words) => expect(ago(time, now, 'utc')).toBe(words));
  it('of today are a time only', () => expect(moment(now - H, now, 'utc')).toBe('11:00'));
});
