/** One cell: how it is, which version, and the thread that goes through. */
import type { ReadonlySignal, Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Cell, Image } from '../../api/types.gen';
import { cellLooks } from '../../model/state';
import { identity, identityBeside, stitch } from '../../model/thread';
import { Mark } from '../../ui/mark';

const DIGEST_SHOWN = 'sha256:'.length + 7;

interface Shown {
  digest?: string;
  version?: string;
  tag?: string;
  isChart?: boolean;
}

/** "1.1.0", or "chart 6.5.4". */
export function versionOf(version: Shown): string {
  const name = version.version || version.tag || version.digest?.slice('sha256:'.length, DIGEST_SHOWN) || '–';
  return version.isChart ? `chart ${name}` : name;
}

const isStill = matchMedia('(prefers-reduced-motion: reduce)');

/** A cell that has changed is tinted for a moment. */
function useTint(value: unknown) {
  const element = useRef<HTMLDivElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current && !isStill.matches) {
      element.current?.animate([{ backgroundColor: 'var(--tint)' }, {}], { duration: 900, easing: 'ease-out' });
    }
    isFirst.current = false;
  }, [value]);
  return element;
}

function Thread({ class: kind }: { class: string }) {
  return <i class={`thread ${kind}`} aria-hidden="true" />;
}

interface NewestProps {
  newest: ReadonlySignal<Image | null>;
  after: Signal<Cell> | null;
  at: number;
}

/** The registry's column: the newest version that counts. */
export function NewestCell({ newest, after, at }: NewestProps) {
  const image = newest.value;
  const element = useTint(image && identity(image));
  const goesOn = image !== null && after !== null && identity(after.value) === identityBeside(after.value, image);
  return (
    <div ref={element} role="gridcell" class="cell mono newest" tabIndex={-1} data-row={at} data-column={0}>
      {image ? <span class="version foreign">{versionOf(image)}</span> : <span class="muted">–<span class="unseen">No version is known</span></span>}
      {image && <Thread class={`fresh${goesOn ? ' right' : ''}`} />}
    </div>
  );
}

interface CellProps {
  cell: Signal<Cell>;
  newest: ReadonlySignal<Image | null>;
  /** The neighbours; the first stage has the registry before it. */
  before: Signal<Cell> | null;
  after: Signal<Cell> | null;
  isFirst: boolean;
  /** Its drawer is. */
  isOpen: boolean;
  at: number;
  column: number;
}

function words(cell: Cell, isBehindShown: boolean): string {
  const behind = cell.behind > 0 && isBehindShown ? `, ${cell.behind} behind` : '';
  const state = cell.state === 'healthy' ? '' : `, ${cellLooks[cell.state].word}`;
  const pods = cell.state === 'rolling_out' && cell.wanted ? `, ${cell.ready ?? 0} of ${cell.wanted} ready` : '';
  return behind + state + pods;
}

export function StageCell({ cell, newest, before, after, isFirst, isOpen, at, column }: CellProps) {
  const now = cell.value;
  const left = isFirst ? newest.value && identityBeside(now, newest.value) : before && identity(before.value);
  const { left: isJoined, right, isNewest, isLoose } = stitch(now, newest.value, left, after && identity(after.value));
  const isHealthy = now.state === 'healthy';
  const isRolling = now.state === 'rolling_out' && now.wanted !== undefined;
  const element = useTint(`${now.state} ${identity(now)} ${now.ready}`);
  const thread = `${isNewest ? 'fresh' : ''}${isJoined ? ' left' : ''}${right ? ' right' : ''}${isLoose ? ' loose' : ''}`;
  return (
    <div
      ref={element}
      role="gridcell"
      class={`cell mono ${isHealthy ? 'quiet' : now.state}${isNewest && !isJoined ? ' newest' : ''}${isOpen ? ' opened' : ''}`}
      tabIndex={-1}
      data-row={at}
      data-column={column}
    >
      {isHealthy ? <i class="dot" aria-hidden="true" /> : <Mark look={cellLooks[now.state]} />}
      <span class="version foreign">{versionOf(now)}</span>
      {isRolling ? (
        <small aria-hidden="true">
          {now.ready ?? 0}/{now.wanted}
        </small>
      ) : (
        now.behind > 0 && !isJoined && <small aria-hidden="true">−{now.behind}</small>
      )}
      <span class="unseen">{words(now, !isJoined)}</span>
      <Thread class={thread} />
    </div>
  );
}

/** The workload is not in this stage's Git: there is nothing to look at. */
export function NoCell() {
  return (
    <div role="gridcell" class="blank">
      <span class="unseen">Not here</span>
    </div>
  );
}
