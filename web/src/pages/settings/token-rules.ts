/** Tokens: which are valid, and what it means to revoke one. */
import type { Token } from '../../api/types.gen';

export const isValid = (token: Token, now: number) => !token.revokedAt && (!token.expiresAt || Date.parse(token.expiresAt) > now);

/** Those that open something first, each by name. */
export function sorted(tokens: readonly Token[], now: number): Token[] {
  const rank = (token: Token) => (isValid(token, now) ? 0 : 1);
  return [...tokens].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** What happens when it is gone. */
export function effectOf(token: Token, all: readonly Token[], you: string, now: number): string {
  if (token.role === 'agent') return `The agent of ${token.cluster} can report and sync no more, until it is given a new token.`;
  const admins = all.filter((one) => one.role === 'admin' && isValid(one, now));
  if (token.role === 'admin' && admins.length === 1) {
    return 'It is the last token of an admin: nobody can make tokens or add clusters after that. Make another one first.';
  }
  if (token.name === you) return 'You are signed in with it: you are signed out at once, everywhere.';
  return 'Whoever uses it is refused at once; its browsers are signed out. What they did keeps their name.';
}

const DAY_MS = 86_400_000;
export const lifetimes = [
  ['1 day', DAY_MS],
  ['7 days', 7 * DAY_MS],
  ['30 days', 30 * DAY_MS],
  ['90 days', 90 * DAY_MS],
  ['1 year', 365 * DAY_MS],
] as const;
export const usualLifetime = 90 * DAY_MS;
