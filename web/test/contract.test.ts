/** What the server's own tests were answered (tests/unit/api leaves it in <build>/api-answers) is what the UI expects. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Board, Cell } from '../src/api/types.gen';
import { BoardStore, cellsOf } from '../src/model/board-store';
import { cellLooks, phaseLooks } from '../src/model/state';
import { stitch } from '../src/model/thread';

interface Answer {
  method: string;
  route: string;
  status: number;
  body: unknown;
}

const builds = join(__dirname, '../../build');

/** Of the build that ran them last. */
function newestAnswers(): string {
  const folders = readdirSync(builds)
    .map((name) => join(builds, name, 'api-answers'))
    .filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory());
  const newest = folders.sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs).at(-1);
  if (!newest) throw new Error('there are no recorded answers: build and run api_answer_test first');
  return newest;
}

const folder = newestAnswers();
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;
const answers = readdirSync(folder).filter((name) => name !== 'events.json').map((name) => [name, read(name) as Answer] as const);
const of = (route: string) => answers.filter(([, answer]) => answer.route === route && answer.status < 300);

describe('recorded answers', () => {
  it.each(of('/api/v1/board'))('%s is a board', (_, { body }) => {
    const store = new BoardStore();
    store.take(body as Board);
    expect(store.rows.value.length).toBeGreaterThan(0);
    for (const row of store.rows.value) {
      for (const cell of cellsOf(row)) {
        expect(cellLooks[cell.state], cell.state).toBeDefined();
        expect(stitch(cell, row.newest.value, null, null).left).toBe(false);
      }
    }
  });

  it.each(of('/api/v1/releases/{id}'))('%s has a phase with a word', (_, { body }) => {
    expect(phaseLooks[(body as { phase: keyof typeof phaseLooks }).phase]).toBeDefined();
  });

  it('has events of cells that a board takes', () => {
    const events = (read('events.json') as { event: string; data: unknown }[]).filter(({ event }) => event === 'cell');
    expect(events.length).toBeGreaterThan(0);
    const store = new BoardStore();
    store.take(of('/api/v1/board')[0]![1].body as Board);
    events.forEach(({ data }, at) => expect(store.takeCell(data as { workload: string; cell: Cell }, at + 1)).toBe(true));
  });
});
