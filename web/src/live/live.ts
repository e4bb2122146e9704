/** What the server tells, as it happens, to whoever in this tab wants to know. */
import { batch, signal } from '@preact/signals';
import { base } from '../api/client';
import type { StreamEvent } from './parse';
import { openStream, type StreamStatus } from './stream';
import type { FromWorker, ToWorker } from './worker';

export const connection = signal<StreamStatus>({ kind: 'connecting' });

/** The events of docs/api.md, and "reset": read everything again. */
export type EventType = 'cell' | 'release' | 'cluster' | 'version' | 'outages' | 'pipeline' | 'reset';
/** Data as the API says, and the event's number: larger is newer, within one run of the server. */
type Handler = (data: unknown, number: number) => void;

const handlers = new Map<string, Set<Handler>>();
const HIDDEN_MS = 250;

/** Returns what ends it. */
export function on(type: EventType, handler: Handler): () => void {
  const all = handlers.get(type) ?? new Set();
  handlers.set(type, all.add(handler));
  return () => all.delete(handler);
}

/* Bursts are taken once per frame, so that a page paints once for all of them. */
let queue: StreamEvent[] = [];

function deliver(): void {
  const events = queue;
  queue = [];
  batch(() => {
    for (const event of events) {
      const number = Number(event.id.slice(event.id.lastIndexOf('-') + 1)) || 0;
      const data: unknown = JSON.parse(event.data);
      for (const handler of handlers.get(event.type) ?? []) handler(data, number);
    }
  });
}

function take(event: StreamEvent): void {
  queue.push(event);
  if (queue.length > 1) return;
  if (document.hidden) setTimeout(deliver, HIDDEN_MS);
  else requestAnimationFrame(deliver);
}

interface Line {
  poke(): void;
  leave(): void;
  stop(): void;
}

let line: Line | null = null;

const url = () => new URL('api/v1/events', base).href;

let warmed: SharedWorker | null = null;

/** A worker takes its time to begin: it may do so while it is still found out who is signed in. */
export function warmLive(): void {
  if (typeof SharedWorker !== 'undefined') {
    warmed ??= new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'heddle events' });
  }
}

function sharedLine(): Line {
  warmLive();
  const worker = warmed!;
  const say = (message: ToWorker) => worker.port.postMessage(message);
  worker.port.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === 'event') take(data.event);
    else connection.value = data.status;
  };
  say({ kind: 'open', url: url() });
  return { poke: () => say({ kind: 'poke' }), leave: () => say({ kind: 'leave' }), stop: () => say({ kind: 'stop' }) };
}

function ownLine(): Line {
  const stream = openStream({ url: url(), onEvent: take, onStatus: (status) => (connection.value = status) });
  return { poke: () => stream.poke(), leave: () => stream.close(), stop: () => stream.close() };
}

export function startLive(): void {
  line ??= typeof SharedWorker === 'undefined' ? ownLine() : sharedLine();
}

/** When the stream is live, or soon: what is read after this misses nothing, or is read again. */
export function whenLive(withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, withinMs);
    const unsubscribe = connection.subscribe((status) => {
      if (status.kind === 'live') queueMicrotask(done);
    });
    function done() {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    }
  });
}

/** Signed out. */
export function stopLive(): void {
  line?.stop();
  line?.leave();
  line = null;
}

export function retryNow(): void {
  line?.poke();
}

addEventListener('online', retryNow);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) retryNow();
});
/* A tab that is put away takes its place among the others again when it comes back. */
addEventListener('pagehide', () => {
  line?.leave();
  line = null;
});
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  connection.value = { kind: 'connecting' };
  startLive();
});
