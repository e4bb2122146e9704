/** The keyboard in the grid: one tab stop, arrows or h j k l inside; the cursor goes where there is something. */
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { board } from '../../model/board';
import { singleKeys } from '../../model/preferences';
import { cursor, items, noteBusy, reading, tick, tickAll, type Spot } from './view';

/** The head of the grid covers this much. */
const HEAD_PX = 46;

interface Step {
  rows: number;
  columns: number;
}

const steps: Record<string, Step> = {
  ArrowDown: { rows: 1, columns: 0 },
  ArrowUp: { rows: -1, columns: 0 },
  ArrowRight: { rows: 0, columns: 1 },
  ArrowLeft: { rows: 0, columns: -1 },
  j: { rows: 1, columns: 0 },
  k: { rows: -1, columns: 0 },
  l: { rows: 0, columns: 1 },
  h: { rows: 0, columns: -1 },
};

export function hasCell(at: number, column: number): boolean {
  const item = items.peek()[at];
  return item?.kind === 'row' && (column === 0 || item.row.cells[column - 1] != null);
}

/** The next place that has something, in the direction of the step; where we are when there is none. */
export function move(at: number, column: number, step: Step): { at: number; column: number } {
  const lastRow = items.peek().length - 1;
  const lastColumn = board.stages.peek().length;
  if (step.columns) {
    for (let to = column + step.columns; to >= 0 && to <= lastColumn; to += step.columns) {
      if (hasCell(at, to)) return { at, column: to };
    }
    return { at, column };
  }
  const direction = Math.sign(step.rows);
  let to = Math.max(0, Math.min(lastRow, at + step.rows));
  while (to >= 0 && to <= lastRow && items.peek()[to]?.kind !== 'row') to += direction;
  if (to < 0 || to > lastRow) return { at, column };
  let nearest = column;
  while (nearest > 0 && !hasCell(to, nearest)) nearest--;
  return { at: to, column: nearest };
}

function rowIndex(name: string): number {
  return items.peek().findIndex((item) => item.kind === 'row' && item.row.name === name);
}

function firstRow(): number {
  return items.peek().findIndex((item) => item.kind === 'row');
}

/** A far jump needs a frame or two until the window is there. */
const DRAWN_MS_MAX = 1000;

function focusWhenDrawn(grid: HTMLElement, selector: string, until = performance.now() + DRAWN_MS_MAX): void {
  const cell = grid.querySelector<HTMLElement>(selector);
  if (cell) cell.focus();
  else if (performance.now() < until) requestAnimationFrame(() => focusWhenDrawn(grid, selector, until));
}

interface GridKeys {
  grid: RefObject<HTMLDivElement>;
  rowHeight: number;
  /** Draw what is in view now. */
  onScrolled: (grid: HTMLElement) => void;
  onOpen: (workload: string, stage: string) => void;
}

export function useGridKeys({ grid, rowHeight, onScrolled, onOpen }: GridKeys) {
  const show = (at: number, column: number) => {
    const item = items.peek()[at];
    const element = grid.current;
    if (!element || item?.kind !== 'row') return;
    const spot: Spot = { row: item.row.name, column };
    cursor.value = reading.value = spot;
    const top = at * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight + HEAD_PX > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight + HEAD_PX - element.clientHeight;
    }
    onScrolled(element);
    focusWhenDrawn(element, `[data-row="${at}"][data-column="${column}"]`);
  };

  const isInside = useRef(false);
  const isQuiet = useRef(false);
  const showCursor = () => {
    const at = cursor.peek() ? rowIndex(cursor.peek()!.row) : -1;
    if (at >= 0) show(at, cursor.peek()!.column);
    else show(firstRow(), Math.min(1, board.stages.peek().length));
  };

  // A focused row that is scrolled away leaves the document: the grid keeps the keyboard for it.
  useLayoutEffect(() => {
    const element = grid.current!;
    if (!isInside.current || document.activeElement !== document.body) return;
    isInside.current = false;
    element.tabIndex = 0;
    isQuiet.current = true;
    element.focus({ preventScroll: true });
    isQuiet.current = false;
  });

  useEffect(() => {
    const element = grid.current!;
    // Tab comes to the cursor, and from there goes on: the grid itself steps aside meanwhile.
    const enter = (event: FocusEvent) => {
      isInside.current = true;
      if (event.target !== element) element.tabIndex = -1;
      else if (!isQuiet.current) showCursor();
    };
    const leave = (event: FocusEvent) => {
      if (element.contains(event.relatedTarget as Node | null)) return;
      isInside.current = false;
      element.tabIndex = 0;
    };
    element.addEventListener('focusin', enter);
    element.addEventListener('focusout', leave);
    return () => {
      element.removeEventListener('focusin', enter);
      element.removeEventListener('focusout', leave);
    };
  }, [rowHeight]);

  return (event: KeyboardEvent) => {
    if (event.target === grid.current && (steps[event.key] || event.key === 'Home' || event.key === 'End')) {
      event.preventDefault();
      showCursor();
      return;
    }
    const cell = (event.target as Element).closest<HTMLElement>('[data-row]');
    if (!cell || event.altKey) return;
    const at = Number(cell.dataset.row);
    const column = Number(cell.dataset.column);
    const row = items.peek()[at];
    if (row?.kind !== 'row') return;
    noteBusy();
    if (act(event, row.row.name, column, onOpen)) {
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor((grid.current!.clientHeight - HEAD_PX) / rowHeight) - 1);
    const to = target(event, at, column, page);
    if (!to) return;
    event.preventDefault();
    show(to.at, to.column);
  };
}

function act(event: KeyboardEvent, row: string, column: number, onOpen: (workload: string, stage: string) => void): boolean {
  const isPlain = !event.ctrlKey && !event.metaKey;
  if ((event.key === 'a' || event.key === 'A') && !isPlain) {
    tickAll();
    return true;
  }
  if (event.key === ' ' || (event.key.toLowerCase() === 'x' && isPlain && singleKeys.peek() === 'on')) {
    tick(row, event.shiftKey);
    return true;
  }
  const stage = board.stages.peek()[column - 1];
  if (event.key === 'Enter' && stage) {
    onOpen(row, stage.name);
    return true;
  }
  return false;
}

function target(event: KeyboardEvent, at: number, column: number, page: number): { at: number; column: number } | null {
  const isFar = event.ctrlKey || event.metaKey;
  const last = items.peek().length - 1;
  const lastColumn = board.stages.peek().length;
  switch (event.key) {
    case 'Home': return isFar ? move(-1, 0, { rows: 1, columns: 0 }) : { at, column: 0 };
    case 'End': return isFar ? move(last + 1, lastColumn, { rows: -1, columns: 0 }) : move(at, lastColumn + 1, { rows: 0, columns: -1 });
    case 'PageDown': return move(at, column, { rows: page, columns: 0 });
    case 'PageUp': return move(at, column, { rows: -page, columns: 0 });
  }
  const step = steps[event.key];
  if (!step || isFar || (event.key.length === 1 && singleKeys.peek() === 'off')) return null;
  return move(at, column, step);
}
