/** Who is signed in. */
import { signal } from '@preact/signals';
import { call, Problem, useCsrf, whenSignedOut } from './client';
import type { Whoami } from './types.gen';

/** undefined: not known yet; null: nobody. */
export const me = signal<Whoami | null | undefined>(undefined);
/** Why it is not known who is signed in. */
export const sessionProblem = signal<Problem | null>(null);

const roles = ['read', 'promote', 'approve', 'admin'] as const;
export type Role = (typeof roles)[number];

/** May the person who is signed in do what needs this role?  The server decides; this is for what is shown. */
export function may(role: Role): boolean {
  return roles.indexOf((me.value?.role ?? '') as Role) >= roles.indexOf(role);
}

/* The cookie is the browser's: what one tab does with it, the others learn. */
const tabs = new BroadcastChannel('heddle session');
tabs.onmessage = () => void loadSession();

function accept(who: Whoami | null): void {
  useCsrf(who?.csrf ?? null);
  sessionProblem.value = null;
  me.value = who;
}

export async function loadSession(): Promise<void> {
  whenSignedOut(() => accept(null));
  try {
    accept(await call('GET /api/v1/whoami'));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) accept(null);
    else sessionProblem.value = error;
  }
}

export async function signIn(token: string): Promise<void> {
  accept(await call('POST /api/v1/session', { body: { token } }));
  tabs.postMessage('in');
}

export async function signOut(): Promise<void> {
  await call('DELETE /api/v1/session');
  accept(null);
  tabs.postMessage('out');
}

export async function signOutEverywhere(): Promise<number> {
  const { ended } = await call('DELETE /api/v1/sessions');
  accept(null);
  tabs.postMessage('out');
  return ended;
}
