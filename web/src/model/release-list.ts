/**
 * The releases that were read, page by page, and what the server has told since.  What is new waits at the top until
 * it is asked in: rows never move under a pointer, nor while someone reads further down.
 */
import { signal, type Signal } from '@preact/signals';
import type { Operations, ReleaseRow } from '../api/types.gen';

export type ReleasePage = Operations['GET /api/v1/releases']['answer'];

export class ReleaseList {
  /** As they are shown: newest first, each a signal, so that a phase that moves repaints one row. */
  readonly shown = signal<readonly Signal<ReleaseRow>[]>([]);
  /** Below the last one shown there are more: ids before this. */
  readonly next = signal<number | null>(null);
  readonly isLoaded = signal(false);
  /** How many would come or go if the list were settled now. */
  readonly waiting = signal(0);

  private rows = new Map<number, Signal<ReleaseRow>>();
  private told = new Map<number, { row: ReleaseRow; at: number }>();
  private numbers = new Map<number, number>();
  private count = 0;
  private takenAt = 0;
  private fits: (row: ReleaseRow) => boolean;

  constructor(fits: (row: ReleaseRow) => boolean) {
    this.fits = fits;
  }

  /** To be given to takePage(): what is told after this is newer than the page. */
  get moment(): number {
    return this.count;
  }

  /** A page that was asked for at `moment`: the newest ones, or those below what was read. */
  takePage(page: ReleasePage, moment: number, isMore = false): void {
    if (!isMore && moment < this.takenAt) return; // a later one came first
    const isFirst = !this.isLoaded.peek();
    if (!isMore) this.dropMissing(page, moment);
    const taken = page.items.map((row) => this.put(this.newest(row, moment)));
    if (isMore || isFirst || !this.hasBelow(page)) this.next.value = page.next ?? null;
    for (const { row, at } of this.told.values()) {
      if (at > moment && !this.rows.has(row.id) && this.isInReach(row.id) && this.fits(row)) this.put(row);
    }
    if (!isMore) this.forgetTold(moment);
    this.isLoaded.value = true;
    if (isFirst) {
      this.settle();
      return;
    }
    const before = this.shown.peek().filter((row) => this.rows.has(row.peek().id));
    const known = new Set(before);
    this.shown.value = isMore ? [...before, ...taken.filter((row) => !known.has(row))] : before;
    this.waiting.value = this.countChanges();
  }

  private forgetTold(moment: number): void {
    this.takenAt = moment;
    for (const [id, { at }] of this.told) if (at <= moment) this.told.delete(id);
  }

  /** What the server does not have any more. */
  private dropMissing(page: ReleasePage, moment: number): void {
    const ids = new Set(page.items.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      const isCovered = id >= (page.next ?? 0) && (this.told.get(id)?.at ?? 0) <= moment;
      if (isCovered && !ids.has(id) && this.fits(row.peek())) this.rows.delete(id);
    }
  }

  private hasBelow(page: ReleasePage): boolean {
    return page.next !== undefined && [...this.rows.keys()].some((id) => id < page.next!);
  }

  private newest(row: ReleaseRow, moment: number): ReleaseRow {
    const told = this.told.get(row.id);
    return told && told.at > moment ? told.row : row;
  }

  private put(row: ReleaseRow): Signal<ReleaseRow> {
    const entry = this.rows.get(row.id) ?? signal(row);
    entry.value = row;
    this.rows.set(row.id, entry);
    return entry;
  }

  /** What is older than the last page may be there, or not: it is read, not guessed. */
  private isInReach(id: number): boolean {
    return this.next.peek() === null || id >= this.next.peek()!;
  }

  /** An event, and its number.  True: it has come to its end just now. */
  takeEvent(row: ReleaseRow, number: number): boolean {
    if (number <= (this.numbers.get(row.id) ?? 0)) return false;
    this.numbers.set(row.id, number);
    this.told.set(row.id, { row, at: ++this.count });
    const known = this.rows.get(row.id);
    const hasEnded = row.isOver && known !== undefined && !known.peek().isOver;
    if (known) known.value = row;
    else if (this.isLoaded.peek() && this.isInReach(row.id) && this.fits(row)) this.put(row);
    this.waiting.value = this.countChanges();
    return hasEnded;
  }

  /** A server that was started again counts from the beginning. */
  forgetNumbers(): void {
    this.numbers.clear();
  }

  private countChanges(): number {
    const shown = new Set(this.shown.peek());
    let changes = 0;
    for (const row of this.rows.values()) if (shown.has(row) !== this.fits(row.peek())) changes++;
    return changes;
  }

  /** Show what has come, and leave out what no longer belongs. */
  settle(): void {
    for (const [id, row] of this.rows) if (!this.fits(row.peek())) this.rows.delete(id);
    const rows = [...this.rows.values()].sort((a, b) => b.peek().id - a.peek().id);
    const before = this.shown.peek();
    if (rows.length !== before.length || rows.some((row, at) => row !== before[at])) this.shown.value = rows;
    this.waiting.value = 0;
  }
}
