/** The grid: a window of rows that scrolls, and a cursor that arrows move.  Many rows cost as little as few. */
import { useComputed, useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { board, type Row } from '../../model/board';
import { silentClusters } from '../../model/clusters';
import { density } from '../../model/preferences';
import { duration, clock } from '../../model/time';
import { shownCell } from '../cell/shown';
import { NewestCell, NoCell, StageCell } from './cell';
import { useGridKeys } from './grid-keys';
import { Minimap } from './minimap';
import { cursor, items, noteBusy, reading, tick, ticked, tickAll, shown, type Item } from './view';

/** Fewer rows than this are all drawn: the browser's own find then finds them. */
const DRAWN_WHOLE = 120;
const MARGIN_ROWS = 12;

export const rowHeights = { comfortable: 36, compact: 29, dense: 24 } as const;

function RowView({ row, at }: { row: Row; at: number }) {
  const isTicked = useComputed(() => ticked.value.has(row.name)).value;
  const openStage = useComputed(() => (shownCell.value?.workload === row.name ? shownCell.value.stage : null)).value;
  const { cells, newest } = row;
  return (
    <div role="row" class="row" aria-rowindex={at + 2} aria-selected={isTicked}>
      <div class="tick" role="gridcell">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${row.name}`}
          checked={isTicked}
          onClick={(event) => {
            tick(row.name, event.shiftKey);
            // The browser has turned it already; what counts is what we keep.
            event.currentTarget.checked = ticked.value.has(row.name);
          }}
        />
      </div>
      <div class="name foreign" role="rowheader" title={`${row.kind} in ${row.namespace}`}>
        {row.name}
      </div>
      <NewestCell newest={newest} after={cells[0] ?? null} at={at} />
      {cells.map((cell, index) =>
        cell ? (
          <StageCell
            key={index}
            cell={cell}
            newest={newest}
            before={cells[index - 1] ?? null}
            after={cells[index + 1] ?? null}
            isFirst={index === 0}
            isOpen={openStage !== null && cell.peek().stage === openStage}
            at={at}
            column={index + 1}
          />
        ) : (
          <NoCell key={index} />
        ),
      )}
    </div>
  );
}

function GroupView({ item, at }: { item: Extract<Item, { kind: 'group' }>; at: number }) {
  return (
    <div role="row" class="row group" aria-rowindex={at + 2}>
      <div role="gridcell" class="group-name" aria-colspan={board.stages.value.length + 3}>
        <b class="foreign">{item.name}</b> <span class="muted">{item.count}</span>
      </div>
    </div>
  );
}

function StageHead({ stage }: { stage: { name: string; automatic: boolean; targets: string[] } }) {
  const silent = stage.targets.filter((target) => silentClusters.value.has(target));
  const oldest = silent.map((target) => silentClusters.value.get(target)!).sort()[0];
  const targets = stage.targets.length > 2 ? `${stage.targets.length} clusters` : stage.targets.join(', ');
  return (
    <div role="columnheader" class="stage-head" title={`${stage.automatic ? 'Automatic' : 'By hand'}: ${stage.targets.join(', ')}`}>
      <span class="foreign">{stage.name}</span>
      {silent.length ? (
        <small class="silent">
          {silent.length < stage.targets.length && `${silent.join(', ')}: `}
          {oldest ? `no data for ${duration(clock.value - Date.parse(oldest))}` : 'no data yet'}
        </small>
      ) : (
        <small class="foreign">
          {stage.automatic ? 'auto' : 'manual'}
          {targets !== stage.name && ` · ${targets}`}
        </small>
      )}
    </div>
  );
}

function Head() {
  const all = shown.value.length > 0 && shown.value.every((row) => ticked.value.has(row.name));
  return (
    <div role="rowgroup" class="head">
      <div role="row" class="row" aria-rowindex={1}>
        <div role="columnheader" class="tick">
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label="Select all that are shown"
            checked={all}
            ref={(box) => {
              if (box) box.indeterminate = !all && ticked.value.size > 0;
            }}
            onClick={(event) => {
              event.currentTarget.checked = tickAll();
            }}
          />
        </div>
        <div role="columnheader" class="name">
          Workload
          <small>{shown.value.length === board.rows.value.length ? shown.value.length : `${shown.value.length} of ${board.rows.value.length}`}</small>
        </div>
        <div role="columnheader" class="stage-head">
          registry<small>newest</small>
        </div>
        {board.stages.value.map((stage) => (
          <StageHead key={stage.name} stage={stage} />
        ))}
      </div>
    </div>
  );
}

function spotOf(target: EventTarget | null) {
  const cell = (target as Element | null)?.closest?.<HTMLElement>('[data-row]');
  const item = cell && items.peek()[Number(cell.dataset.row)];
  return item?.kind === 'row' ? { row: item.row.name, column: Number(cell!.dataset.column) } : null;
}

export function Grid({ onOpen }: { onOpen: (workload: string, stage: string) => void }) {
  const element = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(800);
  const rowHeight = rowHeights[density.value];
  const all = items.value;
  const isWhole = all.length <= DRAWN_WHOLE;
  const first = isWhole ? 0 : Math.max(0, Math.floor(top.value / rowHeight) - MARGIN_ROWS);
  const end = isWhole ? all.length : Math.min(all.length, Math.ceil((top.value + height.value) / rowHeight) + MARGIN_ROWS);
  const onScrolled = (grid: HTMLElement) => {
    // In steps: a window is drawn again only when half of its margin is used up.
    const step = (MARGIN_ROWS / 2) * rowHeight;
    top.value = Math.floor(grid.scrollTop / step) * step;
  };
  const onKeyDown = useGridKeys({ grid: element, rowHeight, onScrolled, onOpen });

  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => (height.value = element.current!.clientHeight));
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);

  return (
    <div class="grid-area">
      <div
        ref={element}
        class="grid"
        role="grid"
        tabIndex={0}
        aria-label="Versions by workload and stage"
        aria-describedby="reading"
        aria-rowcount={all.length + 1}
        aria-colcount={board.stages.value.length + 3}
        aria-multiselectable="true"
        style={{ '--columns': String(board.stages.value.length + 1) }}
        onScroll={(event) => onScrolled(event.currentTarget)}
        onKeyDown={onKeyDown}
        onPointerMove={noteBusy}
        onPointerOver={(event) => (reading.value = spotOf(event.target) ?? reading.value)}
        onPointerLeave={() => (reading.value = cursor.value)}
        onClick={(event) => {
          const spot = spotOf(event.target);
          if (!spot) return;
          cursor.value = spot;
          const stage = board.stages.value[spot.column - 1];
          if (stage) onOpen(spot.row, stage.name);
        }}
      >
        <Head />
        <div role="rowgroup" class="body" style={{ height: `${all.length * rowHeight}px`, paddingTop: `${first * rowHeight}px` }}>
          {all.slice(first, end).map((item, index) =>
            item.kind === 'row' ? (
              <RowView key={item.row.name} row={item.row} at={first + index} />
            ) : (
              <GroupView key={`group ${item.name}`} item={item} at={first + index} />
            ),
          )}
        </div>
      </div>
      <Minimap grid={element} height={height} rowHeight={rowHeight} />
    </div>
  );
}
