/** The board: every workload in every stage, as a tree of signals, so that a change repaints one cell. */
import { batch, computed, signal, type Signal } from '@preact/signals';
import type { Board, Cell, Image } from '../api/types.gen';

export type Stage = Board['stages'][number];

export interface Row {
  name: string;
  kind: string;
  namespace: string;
  newest: Signal<Image | null>;
  /** In the order of the stages; null where the workload does not exist. */
  cells: readonly (Signal<Cell> | null)[];
}

/** A row's cells as plain data, for filters and counts.  To follow all cells, follow `board.revision`: that is one signal, not ten thousand. */
export function cellsOf(row: Row): Cell[] {
  return row.cells.flatMap((cell) => (cell ? [cell.peek()] : []));
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export class BoardStore {
  readonly stages = signal<readonly Stage[]>([]);
  readonly rows = signal<readonly Row[]>([]);
  readonly commit = signal<string | null>(null);
  readonly isLoaded = signal(false);
  /** Grows with every change of any cell. */
  readonly revision = signal(0);
  readonly byName = computed(() => new Map(this.rows.value.map((row) => [row.name, row])));
  /** Event numbers by key: what comes late, or twice, changes nothing. */
  private seen = new Map<string, number>();

  /** Take a whole board; rows and cells that are as they were stay the same objects. */
  take(board: Board): void {
    batch(() => {
      if (!same(this.stages.peek(), board.stages)) this.stages.value = board.stages;
      const known = new Map(this.rows.peek().map((row) => [row.name, row]));
      const rows = board.workloads.map((workload) => this.takeRow(known.get(workload.name), workload));
      const before = this.rows.peek();
      if (rows.length !== before.length || rows.some((row, at) => row !== before[at])) this.rows.value = rows;
      this.commit.value = board.commit ?? null;
      this.isLoaded.value = true;
      this.revision.value++;
    });
  }

  private takeRow(known: Row | undefined, workload: Board['workloads'][number]): Row {
    const byStage = new Map(workload.cells.map((cell) => [cell.stage, cell]));
    const cells = this.stages.peek().map((stage) => byStage.get(stage.name) ?? null);
    const fits =
      known?.kind === workload.kind &&
      known.namespace === workload.namespace &&
      known.cells.length === cells.length &&
      known.cells.every((cell, at) => (cell === null) === (cells[at] === null) && cell?.peek().stage === cells[at]?.stage);
    if (!known || !fits) {
      const { name, kind, namespace, newest } = workload;
      return { name, kind, namespace, newest: signal(newest), cells: cells.map((cell) => cell && signal(cell)) };
    }
    if (!same(known.newest.peek(), workload.newest)) known.newest.value = workload.newest;
    known.cells.forEach((cell, at) => {
      if (cell && !same(cell.peek(), cells[at])) cell.value = cells[at]!;
    });
    return known;
  }

  /** A server that was started again counts from the beginning. */
  forgetNumbers(): void {
    this.seen.clear();
  }

  private isNews(key: string, number: number): boolean {
    if (number <= (this.seen.get(key) ?? 0)) return false;
    this.seen.set(key, number);
    return true;
  }

  /** False: the board has no such cell, and must be read again. */
  takeCell({ workload, cell }: { workload: string; cell: Cell }, number: number): boolean {
    if (!this.isNews(`${cell.stage}/${workload}`, number)) return true;
    const known = this.byName.peek().get(workload)?.cells.find((one) => one?.peek().stage === cell.stage);
    if (!known) return false;
    if (!same(known.peek(), cell)) {
      known.value = cell;
      this.revision.value++;
    }
    return true;
  }

  takeVersion(newest: Image, number: number): void {
    if (!this.isNews(`version/${newest.repository}`, number)) return;
    for (const row of this.rows.peek()) {
      const known = row.newest.peek();
      if (known?.repository === newest.repository && !same(known, newest)) {
        row.newest.value = newest;
        this.revision.value++;
      }
    }
  }
}
