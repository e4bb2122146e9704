/** The pipeline as a graph: stages in layers, gates on the lines, and how it is in each; arrows walk it. */
import { computed, signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Cell } from '../../api/types.gen';
import { board } from '../../model/board';
import { cellLooks } from '../../model/state';
import { identity } from '../../model/thread';
import { setQuery } from '../../router';
import { Mark } from '../../ui/mark';
import { useShortcuts } from '../../ui/keys';
import { versionOf } from '../board/cell';
import { layOut, pathOf, type Layout, type Line, type Place, type Sizes } from './layout';
import { boardLink, chosenStage, chosenWorkload, gatesOf, newestWords, pipeline, tallyOf, type PipelineStage } from './view';

const PADDING = 16;
const CORNER = 8;
const sizes: Sizes = { width: 196, height: 84, gap: 20, lane: 14, entry: 24 };
/** For the widest of its words: "soak 2 h 30 min". */
const GATE_WIDTH = 124;

/** Where versions come from: no stage, so its name is none that a stage may have. */
const REGISTRY = '(registry)';

const stages = computed(() => pipeline.value?.stages ?? []);
const byName = computed(() => new Map(stages.value.map((stage) => [stage.name, stage])));

const layout = computed<Layout>(() => {
  const entry = stages.value.some((stage) => gatesOf(stage).length) ? GATE_WIDTH : sizes.entry;
  const steps = stages.value.map(({ name, from }) => ({ id: name, from: from.length ? from : [REGISTRY] }));
  return layOut([{ id: REGISTRY, from: [] }, ...steps], { ...sizes, entry });
});

/* ---- zoom ---- */

const STEP = 1.2;
const ZOOM_MIN = 0.3;
const ZOOM_MAX = 2;
/** Smaller is for the eye alone: wider graphs scroll. */
const FIT_MIN = 0.6;

/** null: as wide as there is room. */
const zoom = signal<number | null>(null);
const room = signal(1200);

const scale = computed(() => zoom.value ?? Math.min(1, Math.max(FIT_MIN, room.value / (layout.value.width + 2 * PADDING))));

function zoomBy(factor: number): void {
  zoom.value = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, scale.peek() * factor));
}

export function ZoomButtons() {
  useShortcuts([
    { keys: '+', does: 'Larger', run: () => zoomBy(STEP) },
    { keys: '-', does: 'Smaller', run: () => zoomBy(1 / STEP) },
    { keys: '0', does: 'As wide as the page', run: () => (zoom.value = null) },
  ]);
  return (
    <div class="zoom" role="group" aria-label="Zoom">
      <button class="button icon" aria-label="Smaller" onClick={() => zoomBy(1 / STEP)}>
        −
      </button>
      <button class="button" aria-pressed={zoom.value === null} onClick={() => (zoom.value = null)}>
        Fit
      </button>
      <button class="button icon" aria-label="Larger" onClick={() => zoomBy(STEP)}>
        +
      </button>
    </div>
  );
}

/* ---- lines ---- */

/** What runs in a stage, of the workload that was chosen. */
function chosenCell(stage: string): Cell | null {
  const row = board.byName.value.get(chosenWorkload.value);
  return row?.cells.find((cell) => cell?.value.stage === stage)?.value ?? null;
}

function chosenIn(place: string): string {
  if (place !== REGISTRY) return identity(chosenCell(place));
  return identity(board.byName.value.get(chosenWorkload.value)?.newest.value);
}

const isNear = ({ from, to }: Line) => chosenStage.value !== '' && (from === chosenStage.value || to === chosenStage.value);

/** Drawn last, so above others. */
const nearLast = (a: Line, b: Line) => Number(isNear(a)) - Number(isNear(b));

function looksOf(line: Line): string {
  const { from, to } = line;
  const looks = ['line'];
  if (isNear(line)) looks.push('near');
  const version = chosenWorkload.value && chosenIn(from);
  if (version && version === chosenIn(to)) looks.push(version === chosenIn(REGISTRY) ? 'fresh' : 'same');
  return looks.join(' ');
}

function Lines() {
  const { lines, width, height } = layout.value;
  return (
    <svg class="lines" width={width} height={height} aria-hidden="true">
      {[...lines].sort(nearLast).map((line) => {
        const end = line.points.at(-1)!;
        return (
          <g key={`${line.from} ${line.to}`} class={looksOf(line)}>
            <path d={pathOf(line.points, CORNER)} />
            <path class="tip" d={`M${end.x - 6} ${end.y - 4}L${end.x} ${end.y}L${end.x - 6} ${end.y + 4}`} />
          </g>
        );
      })}
    </svg>
  );
}

/** In front of the stage that they guard, on the line that comes in. */
function Gates({ stage, place }: { stage: PipelineStage; place: Place }) {
  const gates = gatesOf(stage);
  if (!gates.length) return null;
  return (
    <div class="gates" style={{ width: `${GATE_WIDTH}px`, height: `${sizes.height}px`, left: `${place.x - GATE_WIDTH}px`, top: `${place.y}px` }}>
      {gates.map((gate) => (
        <span key={gate} class="gate">
          {gate}
        </span>
      ))}
    </div>
  );
}

/* ---- stages ---- */

const box = (place: Place) => ({ width: `${sizes.width}px`, height: `${sizes.height}px`, left: `${place.x}px`, top: `${place.y}px` });

function Registry({ place }: { place: Place }) {
  const newest = board.byName.value.get(chosenWorkload.value)?.newest.value;
  return (
    <div class="node registry" style={box(place)}>
      <b>registry</b>
      {newest ? <span class="mono foreign">{versionOf(newest)}</span> : <span class="muted">where versions come from</span>}
    </div>
  );
}

function Counts({ stage }: { stage: string }) {
  const tally = tallyOf(stage);
  const isHere = chosenStage.value === stage;
  return (
    <>
      <div class="counts">
        {tally.states.map(({ state, count }) => (
          <a key={state} href={boardLink(stage, state)} tabIndex={isHere ? 0 : -1} title={`${count} ${cellLooks[state].word.toLowerCase()}`}>
            <Mark look={cellLooks[state]} size={12} />
            {count}
            <span class="unseen"> {cellLooks[state].word.toLowerCase()}</span>
          </a>
        ))}
      </div>
      <small class="muted">{newestWords(tally)}</small>
    </>
  );
}

function Chosen({ stage }: { stage: string }) {
  const cell = chosenCell(stage);
  if (!cell) return <small class="muted">not here</small>;
  const behind = cell.behind ? `, ${cell.behind} behind` : '';
  return (
    <>
      <span class="version mono foreign">{versionOf(cell)}</span>
      <small class="muted">
        {cellLooks[cell.state].word.toLowerCase()}
        {behind}
      </small>
    </>
  );
}

function StageNode({ stage, place, isStop }: { stage: PipelineStage; place: Place; isStop: boolean }) {
  const state = chosenWorkload.value ? chosenCell(stage.name)?.state : tallyOf(stage.name).states[0]?.state;
  return (
    <div class={`node${chosenStage.value === stage.name ? ' chosen' : ''}`} style={box(place)}>
      <div class="title">
        <Mark look={cellLooks[state ?? 'no_data']} />
        <a
          class="foreign"
          href={boardLink(stage.name)}
          data-stage={stage.name}
          tabIndex={isStop ? 0 : -1}
          title={stage.name}
          onFocus={() => chosenStage.peek() !== stage.name && setQuery({ stage: stage.name })}
        >
          {stage.name}
        </a>
        <small class="muted">{stage.automatic ? 'auto' : 'manual'}</small>
      </div>
      {chosenWorkload.value ? <Chosen stage={stage.name} /> : <Counts stage={stage.name} />}
    </div>
  );
}

/* ---- the keyboard ---- */

const middle = (place: Place) => place.y + sizes.height / 2;

/** The stage that an arrow goes to: along the lines sideways, within the layer up and down. */
export function next({ places, lines }: Layout, from: string, key: string): string | null {
  const stagesAt = places.filter(({ id }) => id !== REGISTRY);
  const here = stagesAt.find(({ id }) => id === from);
  if (key === 'Home') return stagesAt[0]?.id ?? null;
  if (key === 'End') return stagesAt.at(-1)?.id ?? null;
  if (!here) return null;
  const nearest = (ids: readonly string[]) =>
    stagesAt.filter(({ id }) => ids.includes(id)).sort((a, b) => Math.abs(middle(a) - middle(here)) - Math.abs(middle(b) - middle(here)))[0]?.id ?? null;
  const inLayer = (direction: 1 | -1) => nearest(stagesAt.filter(({ layer, y }) => layer === here.layer && (y - here.y) * direction > 0).map(({ id }) => id));
  switch (key) {
    case 'ArrowRight': return nearest(lines.filter((line) => line.from === from).map((line) => line.to));
    case 'ArrowLeft': return nearest(lines.filter((line) => line.to === from).map((line) => line.from));
    case 'ArrowDown': return inLayer(1);
    case 'ArrowUp': return inLayer(-1);
    default: return null;
  }
}

const walking = new Set(['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'Home', 'End']);

function walk(event: KeyboardEvent): void {
  if (!walking.has(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const to = next(layout.peek(), chosenStage.peek(), event.key);
  if (to) (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-stage="${CSS.escape(to)}"]`)?.focus();
}

function useRoom() {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => (room.value = element.current!.clientWidth));
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  // Not passive: the browser would zoom the whole page.
  useEffect(() => {
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? STEP : 1 / STEP);
    };
    element.current!.addEventListener('wheel', onWheel, { passive: false });
    return () => element.current?.removeEventListener('wheel', onWheel);
  }, []);
  return element;
}

export function Graph() {
  const element = useRoom();
  const { places, width, height } = layout.value;
  const stop = byName.value.has(chosenStage.value) ? chosenStage.value : stages.value[0]?.name;
  return (
    <div ref={element} class="graph" role="group" aria-label="The pipeline as a graph; arrows walk from stage to stage, and the same stands below as a list" onKeyDown={walk}>
      <div style={{ width: `${(width + 2 * PADDING) * scale.value}px`, height: `${(height + 2 * PADDING) * scale.value}px` }}>
        <div class="drawing" style={{ width: `${width}px`, height: `${height}px`, margin: `${PADDING * scale.value}px`, transform: `scale(${scale.value})` }}>
          <Lines />
          {places.map((place) => {
            const stage = byName.value.get(place.id);
            if (!stage) return <Registry key={place.id} place={place} />;
            return [
              <Gates key={`${place.id} gates`} stage={stage} place={place} />,
              <StageNode key={place.id} stage={stage} place={place} isStop={stage.name === stop} />,
            ];
          })}
        </div>
      </div>
    </div>
  );
}
