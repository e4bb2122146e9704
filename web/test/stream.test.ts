import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { streamParser, type StreamEvent } from '../src/live/parse';
import { openStream, SILENCE_MS, type StreamStatus } from '../src/live/stream';
import { dice } from './make';

describe('the parser', () => {
  const text = ':\nid: b-1\nevent: hello\ndata: {"id":"b-1"}\n\nid: b-2\nevent: cell\ndata: {"a":\ndata: 1}\n\n:\nid: b-3\n\ndata:x\r\n\r\n';
  const events = [
    { id: 'b-1', type: 'hello', data: '{"id":"b-1"}' },
    { id: 'b-2', type: 'cell', data: '{"a":\n1}' },
    { id: 'b-3', type: 'message', data: 'x' },
  ];
  it('finds the same events however the text is cut', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const roll = dice(seed);
      const found: StreamEvent[] = [];
      const parse = streamParser((event) => found.push(event));
      for (let at = 0; at < text.length; ) {
        const length = 1 + roll(9);
        // "\r\n" is one line end; servers send it whole
        const end = text[at + length - 1] === '\r' ? at + length + 1 : at + length;
        parse(text.slice(at, end));
        at = end;
      }
      expect(found, `seed ${seed}`).toEqual(events);
    }
  });
});

/** A server whose answers the test writes. */
function server() {
  const asked: string[] = [];
  const bodies: ReadableStreamDefaultController<Uint8Array>[] = [];
  let status = 200;
  const encoder = new TextEncoder();
  const get = (async (url: string, init?: RequestInit) => {
    asked.push(url);
    if (status !== 200) return new Response('', { status });
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        bodies.push(controller);
        init?.signal?.addEventListener('abort', () => controller.error(new Error('aborted')));
      },
    });
    return new Response(body, { status: 200 });
  }) as unknown as typeof fetch;
  return {
    asked, get,
    refuse: (with_: number) => (status = with_),
    recover: () => (status = 200),
    say: (text: string) => bodies.at(-1)!.enqueue(encoder.encode(text)),
    cut: () => bodies.at(-1)!.close(),
  };
}

describe('the stream', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const open = (host: ReturnType<typeof server>) => {
    const told: StreamStatus[] = [];
    const events: StreamEvent[] = [];
    const stream = openStream({ url: 'e', fetch: host.get, random: () => 1, onEvent: (event) => events.push(event), onStatus: (one) => told.push(one) });
    return { told, events, stream };
  };
  const settle = () => vi.advanceTimersByTimeAsync(0);
  const hello = 'id: b-7\nevent: hello\ndata: {}\n\n';

  it('is live with the first event', async () => {
    const host = server();
    const { told, events } = open(host);
    await settle();
    expect(told).toEqual([{ kind: 'connecting' }]);
    host.say(hello);
    await settle();
    expect(told.at(-1)).toEqual({ kind: 'live' });
    expect(events).toHaveLength(1);
  });

  it('comes back by itself, and goes on where it was', async () => {
    const host = server();
    const { told } = open(host);
    await settle();
    host.say(hello);
    await settle();
    host.cut();
    await settle();
    expect(told.at(-1)?.kind).toBe('lost');
    await vi.advanceTimersByTimeAsync(500);
    expect(host.asked).toEqual(['e', 'e?lastEventId=b-7']);
    host.say(hello);
    await settle();
    expect(told.at(-1)).toEqual({ kind: 'live' });
  });

  it('asks ever more seldom, to once in 15 s, and at once when poked', async () => {
    const host = server();
    host.refuse(503);
    const { stream } = open(host);
    const times: number[] = [];
    for (let elapsed = 0, count = 1; elapsed < 60_000; elapsed += 100) {
      await vi.advanceTimersByTimeAsync(100);
      if (host.asked.length > count) times.push(elapsed + 100);
      count = host.asked.length;
    }
    expect(times).toEqual([500, 1500, 3500, 7500, 15500, 30500, 45500]);
    host.recover();
    stream.poke();
    await settle();
    expect(host.asked).toHaveLength(9);
  });

  it('is lost after 40 s of silence, and a heartbeat is no silence', async () => {
    const host = server();
    const { told } = open(host);
    await settle();
    host.say(hello);
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    host.say(':\nid: b-7\n\n');
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    expect(told.at(-1)).toEqual({ kind: 'live' });
    const since = Date.now() - SILENCE_MS + 1;
    await vi.advanceTimersByTimeAsync(2);
    expect(told.at(-1)).toEqual({ kind: 'lost', since, problem: 'The server has been silent.' });
  });

  it.each([401, 403])('ends when the server says %i', async (status) => {
    const host = server();
    host.refuse(status);
    const { told } = open(host);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told.at(-1)).toEqual({ kind: 'refused', status });
    expect(host.asked).toHaveLength(1);
  });

  it('is silent once it is closed', async () => {
    const host = server();
    const { told, stream } = open(host);
    await settle();
    host.say(hello);
    await settle();
    stream.close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(told.at(-1)).toEqual({ kind: 'live' });
    expect(host.asked).toHaveLength(1);
  });
});
