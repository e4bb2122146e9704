/** The whole board at a glance, at the right edge: a tick for each cell, and what is in view.  A click goes there. */
import { effect, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { board } from '../../model/board';
import { hasForcedColours, isDark } from '../../model/preferences';
import { cellLooks } from '../../model/state';
import { items } from './view';

const WIDTH = 44;
const TICK_MAX = 4;

/** Quiet cells are faint, so that the others stand out. */
function paint(canvas: HTMLCanvasElement, grid: HTMLElement): void {
  const scale = devicePixelRatio || 1;
  const height = canvas.clientHeight;
  canvas.width = WIDTH * scale;
  canvas.height = height * scale;
  const context = canvas.getContext('2d');
  if (!context || !height) return;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`);
  context.scale(scale, scale);
  const all = items.peek();
  const step = Math.min(TICK_MAX, height / Math.max(1, all.length));
  all.forEach((item, at) => {
    if (item.kind !== 'row') return;
    const width = (WIDTH - 8) / Math.max(1, item.row.cells.length);
    item.row.cells.forEach((signal, column) => {
      const state = signal?.peek().state;
      if (!state) return;
      const isQuiet = state === 'healthy';
      context.globalAlpha = isQuiet ? 0.5 : 1;
      context.fillStyle = isQuiet ? colour('line') : colour(cellLooks[state].family);
      const size = Math.max(step * 0.8, isQuiet ? 0.5 : 2);
      context.fillRect(4 + column * width, at * step, Math.max(1, width - 1), size);
    });
  });
  const ratio = (step * all.length) / Math.max(1, grid.scrollHeight);
  context.globalAlpha = 0.12;
  context.fillStyle = colour('accent');
  context.fillRect(0, grid.scrollTop * ratio, WIDTH, grid.clientHeight * ratio);
}

interface Props {
  grid: RefObject<HTMLDivElement>;
  /** What can be seen of the grid. */
  height: ReadonlySignal<number>;
  rowHeight: number;
}

export function Minimap({ grid, height, rowHeight }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const count = items.value.length;
  const isOverflowing = count * rowHeight > height.value;

  useEffect(() => {
    if (!isOverflowing) return;
    let frame = 0;
    const soon = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        if (canvas.current && grid.current) paint(canvas.current, grid.current);
      });
    };
    const stop = effect(() => {
      void isDark.value;
      void hasForcedColours.value;
      void board.revision.value;
      void items.value;
      soon();
    });
    const element = grid.current!;
    element.addEventListener('scroll', soon, { passive: true });
    const observer = new ResizeObserver(soon);
    observer.observe(element);
    return () => {
      stop();
      cancelAnimationFrame(frame);
      element.removeEventListener('scroll', soon);
      observer.disconnect();
    };
  }, [isOverflowing]);

  if (!isOverflowing) return null;
  return (
    <canvas
      ref={canvas}
      class="minimap"
      aria-hidden="true"
      onPointerDown={(event) => {
        const element = grid.current!;
        const ratio = event.offsetY / Math.min(event.currentTarget.clientHeight, TICK_MAX * count);
        element.scrollTop = ratio * element.scrollHeight - element.clientHeight / 2;
      }}
    />
  );
}
