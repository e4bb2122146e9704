/** Shared by all tabs of this origin: they hold one stream together, since a browser gives an HTTP/1.1 server six connections. */
import { openStream, type Stream, type StreamStatus } from './stream';
import type { StreamEvent } from './parse';

/** What a tab says. */
export type ToWorker = { kind: 'open'; url: string } | { kind: 'poke' } | { kind: 'leave' } | { kind: 'stop' };
/** What it is told. */
export type FromWorker = { kind: 'status'; status: StreamStatus } | { kind: 'event'; event: StreamEvent };

const tabs = new Set<MessagePort>();
let stream: Stream | null = null;
let status: StreamStatus = { kind: 'connecting' };

function tell(message: FromWorker): void {
  for (const tab of tabs) tab.postMessage(message);
}

function stop(): void {
  stream?.close();
  stream = null;
}

function open(url: string): void {
  stream ??= openStream({
    url,
    onEvent: (event) => tell({ kind: 'event', event }),
    onStatus: (now) => {
      status = now;
      if (now.kind === 'refused') stream = null;
      tell({ kind: 'status', status });
    },
  });
}

function hear(tab: MessagePort, message: ToWorker): void {
  switch (message.kind) {
    case 'open':
      tabs.add(tab);
      open(message.url);
      tab.postMessage({ kind: 'status', status } satisfies FromWorker);
      break;
    case 'poke':
      stream?.poke();
      break;
    case 'leave':
      tabs.delete(tab);
      if (!tabs.size) stop();
      break;
    case 'stop': // signed out, and with it every tab
      stop();
      break;
  }
}

addEventListener('connect', (event) => {
  const tab = (event as MessageEvent).ports[0]!;
  tab.onmessage = (message: MessageEvent<ToWorker>) => hear(tab, message.data);
});
