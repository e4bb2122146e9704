/**
 * One event stream that stays: it comes back by itself, goes on where it was, and says truly how it stands.
 *
 * Read by fetch and not by EventSource: heartbeats are then seen, and a refusal has its reason.
 */
import { streamParser, type StreamEvent } from './parse';

/** Heartbeats come every 15 s: silence for this long means that nobody is there. */
export const SILENCE_MS = 40_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;

export type StreamStatus =
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** Not live since then; it is being tried. */
  | { kind: 'lost'; since: number; problem: string | null }
  /** The server will not: sign in again. */
  | { kind: 'refused'; status: number };

export interface StreamOptions {
  url: string;
  onEvent(event: StreamEvent): void;
  onStatus(status: StreamStatus): void;
  fetch?: typeof fetch;
  now?: () => number;
  random?: () => number;
}

export interface Stream {
  /** Try at once, not when the wait is over. */
  poke(): void;
  close(): void;
}

export function openStream(options: StreamOptions): Stream {
  const get = options.fetch ?? ((input, init) => fetch(input, init));
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  let lastId = '';
  let lastAlive = now();
  let attempts = 0;
  let isClosed = false;
  let isLive = false;
  let abort: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const lose = (problem: string | null) => {
    abort?.abort();
    abort = null;
    clearTimeout(timer);
    if (isClosed) return;
    isLive = false;
    options.onStatus({ kind: 'lost', since: lastAlive, problem });
    const wait = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** attempts++) * (0.5 + random() / 2);
    timer = setTimeout(connect, wait);
  };

  const hear = () => {
    lastAlive = now();
    clearTimeout(timer);
    timer = setTimeout(() => lose('The server has been silent.'), SILENCE_MS);
  };

  const read = async (body: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    const parse = streamParser((event) => {
      if (event.id) lastId = event.id;
      if (!isLive) {
        isLive = true;
        attempts = 0;
        options.onStatus({ kind: 'live' });
      }
      options.onEvent(event);
    });
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      hear();
      parse(decoder.decode(value, { stream: true }));
    }
  };

  const connect = async () => {
    abort = new AbortController();
    const own = abort;
    clearTimeout(timer);
    timer = setTimeout(() => lose('The server does not answer.'), SILENCE_MS);
    const url = lastId ? `${options.url}?lastEventId=${encodeURIComponent(lastId)}` : options.url;
    try {
      const response = await get(url, { signal: own.signal, headers: { Accept: 'text/event-stream' }, credentials: 'same-origin', cache: 'no-store' });
      if (response.status === 401 || response.status === 403) {
        close();
        options.onStatus({ kind: 'refused', status: response.status });
        return;
      }
      if (!response.ok || !response.body) {
        lose(`The server answers with HTTP ${response.status}.`);
        return;
      }
      hear();
      await read(response.body);
      if (own === abort) lose(null);
    } catch {
      if (own === abort && !isClosed) lose('The server does not answer.');
    }
  };

  const close = () => {
    isClosed = true;
    clearTimeout(timer);
    abort?.abort();
    abort = null;
  };

  options.onStatus({ kind: 'connecting' });
  void connect();
  return {
    close,
    poke() {
      if (isClosed || isLive) return;
      attempts = 0;
      abort?.abort();
      abort = null;
      void connect();
    },
  };
}
