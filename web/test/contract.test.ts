/** What the server's own tests were answered (tests/unit/api leaves it in <build>/api-answers) is what the UI expects. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
  request?: unknown;
  body: unknown;
}

const COMPILE_MS = 120_000;

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

/** A program with each answer, and each request that was granted, as a value of its type. */
function programOf(answers: readonly (readonly [string, Answer])[]): string {
  const lines = answers.flatMap(([name, { method, route, status, request, body }], at) => {
    const operation = `Operations['${method} ${route}']`;
    const isGranted = status < 300;
    const answer = `const answer${at}: ${isGranted ? `${operation}['answer']` : 'Error'} = ${JSON.stringify(body)}; // ${name}`;
    return isGranted && request ? [answer, `const request${at}: ${operation}['body'] = ${JSON.stringify(request)}; // ${name}`] : [answer];
  });
  return [`import type { Error, Operations } from '${join(__dirname, '../src/api/types.gen')}';`, ...lines].join('\n');
}

/** What the compiler says of it; '' when it is right. */
function compile(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-contract-'));
  const file = join(folder, 'answers.ts');
  writeFileSync(file, program);
  const words = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', file];
  const { stdout, error } = spawnSync(join(__dirname, '../node_modules/.bin/tsc'), words, { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return error ? String(error) : stdout;
}

describe('recorded answers', () => {
  it('are values of the types that are made from openapi.json, to the last field', { timeout: COMPILE_MS }, () => {
    expect(answers.length).toBeGreaterThan(50);
    expect(compile(programOf(answers))).toBe('');
  });

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
