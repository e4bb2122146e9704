/** Servers go away and come back in every way there is: the stream and the board end where the server is. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Board, Cell } from '../src/api/types.gen';
import type { StreamEvent } from '../src/live/parse';
import { openStream, SILENCE_MS, type StreamStatus } from '../src/live/stream';
import { BoardStore, cellsOf } from '../src/model/board-store';
import { boardOf, cell, dice } from './make';

const OUTAGE_MS = 60_000;
const RETRY_MS_MAX = 15_000;
const names = ['cart', 'mail', 'web'];

type Outage = 'refused' | 'bad gateway' | 'silent' | 'restarted';
const outages: readonly Outage[] = ['refused', 'bad gateway', 'silent', 'restarted'];

/** A server as src/http/sse_hub.c is one: a ring of events, "hello" first, and "reset" for those whose place is gone. */
class Server {
  private run = 1;
  private log: { name: string; cell: Cell }[] = [];
  private readonly cells = new Map(names.map((name) => [name, cell()]));
  private outage: Outage | null = null;
  private readers: ReadableStreamDefaultController<Uint8Array>[] = [];

  board(): Board {
    return boardOf(Object.fromEntries([...this.cells].map(([name, one]) => [name, [one]])), ['dev']);
  }

  change(name: string, version: string): void {
    this.cells.set(name, cell({ version }));
    if (this.outage === 'restarted') return; // whoever changes it then, it is no event of the next run
    this.log.push({ name, cell: cell({ version }) });
    if (!this.outage) this.tellAll(this.eventText(this.log.length));
  }

  heartbeat(): void {
    if (!this.outage) this.tellAll(':\n\n');
  }

  fail(how: Outage): void {
    this.outage = how;
    if (how === 'silent') return;
    for (const reader of this.readers.splice(0)) reader.close();
    if (how !== 'restarted') return;
    this.run++;
    this.log = [];
  }

  recover(): void {
    // What was sent into the silence is gone, and so are the connections.
    for (const reader of this.readers.splice(0)) reader.close();
    this.outage = null;
  }

  readonly fetch = (async (url: string, init?: RequestInit) => {
    if (this.outage === 'bad gateway') return new Response('', { status: 502 });
    if (this.outage === 'silent') return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    if (this.outage) throw new TypeError('connection refused');
    return new Response(new ReadableStream<Uint8Array>({ start: (reader) => this.subscribe(reader, url, init?.signal ?? null) }));
  }) as unknown as typeof fetch;

  private subscribe(reader: ReadableStreamDefaultController<Uint8Array>, url: string, signal: AbortSignal | null): void {
    const last = /lastEventId=(\d+)-(\d+)/.exec(url);
    this.readers.push(reader);
    signal?.addEventListener('abort', () => {
      if (!this.readers.includes(reader)) return;
      this.readers.splice(this.readers.indexOf(reader), 1);
      reader.error(new Error('aborted'));
    });
    const isKnown = last && Number(last[1]) === this.run;
    const at = isKnown ? Number(last[2]) : this.log.length;
    this.tell(reader, `id: ${this.run}-${at}\nevent: hello\ndata: {}\n\n`);
    if (last && !isKnown) this.tell(reader, `id: ${this.run}-${at}\nevent: reset\ndata: {}\n\n`);
    for (let number = at + 1; number <= this.log.length; number++) this.tell(reader, this.eventText(number));
  }

  private eventText(number: number): string {
    const { name, cell: one } = this.log[number - 1]!;
    return `id: ${this.run}-${number}\nevent: cell\ndata: ${JSON.stringify({ workload: name, cell: one })}\n\n`;
  }

  private tell(reader: ReadableStreamDefaultController<Uint8Array>, text: string): void {
    reader.enqueue(new TextEncoder().encode(text));
  }

  private tellAll(text: string): void {
    for (const reader of this.readers) this.tell(reader, text);
  }
}

/** A page: it reads the board once, and then follows. */
function follow(server: Server) {
  const store = new BoardStore();
  store.take(server.board());
  let status: StreamStatus = { kind: 'connecting' };
  const onEvent = (event: StreamEvent) => {
    const number = Number(event.id.split('-')[1]);
    if (event.type === 'cell') store.takeCell(JSON.parse(event.data) as { workload: string; cell: Cell }, number);
    if (event.type !== 'reset') return;
    store.forgetNumbers();
    store.take(server.board());
  };
  const stream = openStream({ url: 'events', fetch: server.fetch, random: () => 1, onEvent, onStatus: (one) => (status = one) });
  return { store, stream, status: () => status };
}

const versions = (store: BoardStore) => store.rows.value.map((row) => [row.name, cellsOf(row)[0]!.version]);

const versionsOf = (server: Server) => server.board().workloads.map((row) => [row.name, row.cells[0]!.version]);

describe('a server that is away for up to a minute', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** With the heartbeats that a server gives. */
  const pass = async (server: Server, ms: number) => {
    for (let left = ms; left > 0; left -= 5000) {
      server.heartbeat();
      await vi.advanceTimersByTimeAsync(Math.min(5000, left));
    }
  };

  it.each(outages)('and %s is told to be, and back without a row more, less or made anew', async (how) => {
    for (let seed = 1; seed <= 25; seed++) {
      const roll = dice(seed);
      const server = new Server();
      const page = follow(server);
      const rows = page.store.rows.value;
      let version = 1;
      const change = () => server.change(names[roll(names.length)]!, `1.0.${version++}`);
      await vi.advanceTimersByTimeAsync(0);
      for (let round = 0; round < 3; round++) {
        for (let count = roll(4); count > 0; count--) change();
        await pass(server, roll(20_000));
        expect(page.status().kind, `seed ${seed}, round ${round}`).toBe('live');
        expect(versions(page.store), `seed ${seed}, round ${round}`).toEqual(versionsOf(server));
        const began = Date.now();
        const length = 1 + (seed === 1 ? OUTAGE_MS - 1 : roll(OUTAGE_MS));
        server.fail(how);
        for (let count = roll(6); count > 0; count--) {
          await vi.advanceTimersByTimeAsync(Math.floor(length / 6));
          change();
        }
        await vi.advanceTimersByTimeAsync(began + length - Date.now());
        const isNoticed = how !== 'silent' || length > SILENCE_MS;
        const status = page.status();
        if (isNoticed) expect(status.kind, `seed ${seed}: ${length} ms of ${how}`).toBe('lost');
        if (status.kind === 'lost') {
          expect(status.since, `seed ${seed}: what is shown is as old as is said`).toBeLessThanOrEqual(began);
          expect(status.since).toBeGreaterThan(began - SILENCE_MS);
        }
        server.recover();
        await pass(server, RETRY_MS_MAX + SILENCE_MS);
        expect(page.status().kind, `seed ${seed}: ${length} ms of ${how}`).toBe('live');
        expect(versions(page.store), `seed ${seed}: ${length} ms of ${how}`).toEqual(versionsOf(server));
        expect(page.store.rows.value, `seed ${seed}`).toBe(rows);
      }
      page.stream.close();
    }
  });
});
