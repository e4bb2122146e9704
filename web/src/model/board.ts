/** The board of this server, read once and then kept as the server tells. */
import { signal } from '@preact/signals';
import { call, Problem } from '../api/client';
import type { Cell, Image } from '../api/types.gen';
import { connection, on, whenLive } from '../live/live';
import { BoardStore } from './board-store';

export { cellsOf, type Row, type Stage } from './board-store';

export const board = new BoardStore();
/** Why the last read failed; what was read before stays. */
export const boardProblem = signal<Problem | null>(null);

const LIVE_MS = 500;
const AGAIN_MS = 200;

let isReading = false;
let readAgain = false;

export async function readBoard(): Promise<void> {
  if (isReading) {
    readAgain = true;
    return;
  }
  isReading = true;
  const wasLive = connection.peek().kind === 'live';
  try {
    board.take(await call('GET /api/v1/board'));
    boardProblem.value = null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    boardProblem.value = error;
  } finally {
    isReading = false;
    mustRead = !wasLive || boardProblem.peek() !== null;
  }
  if (readAgain) {
    readAgain = false;
    void readBoard();
  }
}

/** What was read before the stream was live may have missed something. */
let mustRead = false;
let soon: ReturnType<typeof setTimeout> | undefined;

function readSoon(): void {
  clearTimeout(soon);
  soon = setTimeout(() => void readBoard(), AGAIN_MS);
}

/** Read the board, and keep it as the server tells. */
export function followBoard(): void {
  on('cell', (data, number) => {
    if (!board.takeCell(data as { workload: string; cell: Cell }, number)) readSoon();
  });
  on('version', (data, number) => board.takeVersion(data as Image, number));
  on('pipeline', readSoon);
  on('reset', () => {
    board.forgetNumbers();
    readSoon();
  });
  void whenLive(LIVE_MS).then(() => {
    void readBoard();
    connection.subscribe((status) => {
      if (status.kind === 'live' && mustRead) readSoon();
    });
  });
}
