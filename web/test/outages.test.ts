// @vitest-environment happy-dom
import { expect, it } from 'vitest';
import { lasting, type Outage } from '../src/model/outages';

const outage = (name: string, since: string): Outage => ({ kind: 'registry', name, since, problem: 'it does not answer' });

it('tells of what lasts, and not of a hiccup', () => {
  const now = Date.parse('2026-12-01T10:00:30Z');
  const outages = [outage('a', '2026-12-01T10:00:00Z'), outage('b', '2026-12-01T10:00:20Z')];
  expect(lasting(outages, now).map(({ name }) => name)).toEqual(['a']);
});
