/** Tokens: which open something, and what it means that one is gone. */
import { describe, expect, it } from 'vitest';
import type { Token } from '../src/api/types.gen';
import { effectOf, isValid, sorted } from '../src/pages/settings/token-rules';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const token = (name: string, values: Partial<Token> = {}): Token => ({ name, role: 'promote', ...values });
const admin = token('admin', { role: 'admin' });
const ci = token('ci', { expiresAt: '2026-11-23T12:00:01Z' });
const old = token('bo', { expiresAt: '2026-11-23T11:59:59Z' });
const gone = token('al', { revokedAt: '2026-11-20T12:00:00Z' });

describe('tokens', () => {
  it('open something until they are revoked or expire', () => expect([admin, ci, old, gone].map((one) => isValid(one, NOW))).toEqual([true, true, false, false]));

  it('that open something come first, by name', () => expect(sorted([old, ci, gone, admin], NOW).map(({ name }) => name)).toEqual(['admin', 'ci', 'al', 'bo']));
});

describe('to revoke', () => {
  it('the last admin’s is to lose the keys', () => {
    expect(effectOf(admin, [admin, ci], 'ci', NOW)).toMatch(/^It is the last token of an admin/);
    const expired = token('root', { role: 'admin', expiresAt: '2026-11-01T12:00:00Z' });
    expect(effectOf(admin, [admin, expired], 'ci', NOW)).toMatch(/^It is the last token of an admin/);
    expect(effectOf(admin, [admin, token('root', { role: 'admin' })], 'ci', NOW)).toMatch(/^Whoever uses it/);
  });

  it('one’s own is to be signed out', () => expect(effectOf(ci, [admin, ci], 'ci', NOW)).toMatch(/^You are signed in with it/));

  it('an agent’s is to silence its cluster', () =>
    expect(effectOf(token('agent dev', { role: 'agent', cluster: 'dev' }), [admin], 'ci', NOW)).toMatch(/^The agent of dev /));
});
