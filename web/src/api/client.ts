/** The API: one typed call for every route of src/api/openapi.json. */
import type { Error as ErrorBody, Operations } from './types.gen';

/** Ends with a slash: where the server says that it is served. */
export const base = new URL('.', typeof document === 'undefined' ? 'http://localhost/' : document.baseURI).href;

export type Code = ErrorBody['error']['code'] | 'offline';

/** Why a request did not succeed: what the server said, or that there is none. */
export class Problem extends Error {
  readonly code: Code;
  readonly status: number;
  readonly requestId: string | null;
  readonly pointer: string | null;

  constructor(code: Code, status: number, message: string, requestId: string | null = null, pointer: string | null = null) {
    super(message);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.pointer = pointer;
  }
}

export interface CallOptions<Body> {
  /** Values of the path's "{name}"s. */
  path?: Record<string, string | number>;
  query?: Record<string, string | number | undefined>;
  body?: Body;
  /** The same key gives the same answer again, however often it is sent. */
  once?: string;
  signal?: AbortSignal;
}

let csrf: string | null = null;
let onSignedOut: () => void = () => {};

/** Of the session; every write is sent with it. */
export function useCsrf(token: string | null): void {
  csrf = token;
}

/** Called when an answer says that nobody is signed in any more. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

/** A key for CallOptions.once. */
export function newOnce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function call<Key extends keyof Operations>(
  key: Key,
  options: CallOptions<Operations[Key]['body']> = {},
): Promise<Operations[Key]['answer']> {
  const [method, pattern] = key.split(' ') as [string, string];
  const response = await send(method, urlOf(pattern, options), options);
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as Operations[Key]['answer'];
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json');
  return (isJson ? await response.json() : await response.text()) as Operations[Key]['answer'];
}

function urlOf(pattern: string, options: CallOptions<unknown>): string {
  const path = pattern.replace(/\{([\w.]+)\}/g, (_, name: string) => encodeURIComponent(String(options.path?.[name] ?? '')));
  const url = new URL(path.slice(1), base);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
  }
  return url.href;
}

async function send(method: string, url: string, options: CallOptions<unknown>): Promise<Response> {
  const headers: Record<string, string> = {};
  if (method !== 'GET' && csrf) headers['X-Heddle-CSRF'] = csrf;
  if (options.once) headers['Idempotency-Key'] = options.once;
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(url, { method, headers, body, signal: options.signal, credentials: 'same-origin' });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem('offline', 0, 'The server does not answer. It may be restarting, or your network is down.');
  }
}

/** What an answer that is no success says; a proxy's page says nothing that people should read. */
export async function problemOf(response: Response): Promise<Problem> {
  let problem = new Problem('internal', response.status, `The server answered with HTTP ${response.status} and no reason.`);
  try {
    const { error } = (await response.json()) as ErrorBody;
    problem = new Problem(error.code, response.status, error.message, error.requestId, error.pointer ?? null);
  } catch {
    // Not ours: what stands above is all that is known.
  }
  if (problem.status === 401) onSignedOut();
  return problem;
}
