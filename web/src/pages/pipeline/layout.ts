/**
 * Where the stages of a pipeline stand, and how the lines between them run.
 *
 * In layers from left to right: a stage stands one after the last of those it takes from. Lines that pass a layer have
 * a place of their own in it, so that no line runs through a stage; within a layer, all are ordered for few crossings and then moved
 * towards their neighbours. Lines are horizontal, and vertical in lanes between the layers; what leaves one stage shares a lane.
 */
export interface Step {
  id: string;
  /** Those it takes from; what is not among the steps, or would close a circle, is left out. */
  from: readonly string[];
}

export interface Sizes {
  width: number;
  height: number;
  /** Free space between two of a layer. */
  gap: number;
  /** Between lanes, and between a lane and what stands beside it. */
  lane: number;
  /** Kept free in front of a layer, for what stands on the lines. */
  entry: number;
}

export interface Place {
  id: string;
  layer: number;
  /** Of its upper left corner. */
  x: number;
  y: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Line {
  from: string;
  to: string;
  points: readonly Point[];
}

export interface Layout {
  places: readonly Place[];
  lines: readonly Line[];
  width: number;
  height: number;
}

/** What has a place in a layer: a step, or the line of `source` on its way through. */
interface Slot {
  source: string;
  layer: number;
  isStep: boolean;
  before: Slot[];
  after: Slot[];
  /** Its middle. */
  y: number;
}

type Layers = Slot[][];

export function layOut(steps: readonly Step[], sizes: Sizes): Layout {
  const graph = build(steps);
  order(graph.layers);
  settle(graph.layers, sizes);
  const lanes = graph.layers.slice(0, -1).map(lanesAfter);
  const left = leftOf(graph.layers.length, lanes, sizes);
  const places = steps.map(({ id }): Place => {
    const { layer, y } = graph.slots.get(id)!;
    return { id, layer, x: left[layer]!, y: y - sizes.height / 2 };
  });
  return {
    places,
    lines: graph.lines.map((line) => draw(line, lanes, left, sizes)),
    width: places.length ? left[graph.layers.length - 1]! + sizes.width : 0,
    height: Math.max(0, ...graph.layers.flat().map((slot) => slot.y + half(slot, sizes))),
  };
}

/* ---- layers ---- */

interface Way {
  from: string;
  to: string;
  through: readonly Slot[];
}

interface Graph {
  slots: ReadonlyMap<string, Slot>;
  layers: Layers;
  lines: readonly Way[];
}

/** The longest way from a beginning; steps that would close a circle are dropped from `sources`. */
function layersOf(steps: readonly Step[], sources: Map<string, string[]>): Map<string, number> {
  const layers = new Map<string, number>();
  const underway = new Set<string>();
  const visit = (id: string): number => {
    const known = layers.get(id);
    if (known !== undefined) return known;
    underway.add(id);
    const from = sources.get(id)!.filter((source) => !underway.has(source));
    sources.set(id, from);
    const layer = Math.max(-1, ...from.map(visit)) + 1;
    underway.delete(id);
    layers.set(id, layer);
    return layer;
  };
  for (const { id } of steps) visit(id);
  return layers;
}

function build(steps: readonly Step[]): Graph {
  const ids = new Set(steps.map((step) => step.id));
  const sources = new Map(steps.map((step) => [step.id, [...new Set(step.from)].filter((id) => ids.has(id))]));
  const layerOf = layersOf(steps, sources);
  const layers: Layers = Array.from({ length: Math.max(-1, ...layerOf.values()) + 1 }, () => []);
  const slots = new Map<string, Slot>();
  const add = (key: string, source: string, layer: number, isStep: boolean): Slot => {
    const slot: Slot = { source, layer, isStep, before: [], after: [], y: 0 };
    slots.set(key, slot);
    layers[layer]!.push(slot);
    return slot;
  };
  for (const { id } of steps) add(id, id, layerOf.get(id)!, true);
  const join = (a: Slot, b: Slot) => {
    if (a.after.includes(b)) return;
    a.after.push(b);
    b.before.push(a);
  };
  const lines: Way[] = [];
  for (const { id } of steps) {
    for (const source of sources.get(id)!) {
      const through = [slots.get(source)!];
      for (let layer = through[0]!.layer + 1; layer < layerOf.get(id)!; layer++) {
        const key = `${source} ${layer}`; // ids have no spaces
        through.push(slots.get(key) ?? add(key, source, layer, false));
      }
      through.push(slots.get(id)!);
      for (let at = 1; at < through.length; at++) join(through[at - 1]!, through[at]!);
      lines.push({ from: source, to: id, through });
    }
  }
  return { slots, layers, lines };
}

/* ---- order within a layer ---- */

const SWEEPS = 8;

const indexes = (layer: readonly Slot[]) => new Map(layer.map((slot, at) => [slot, at]));

function crossings(layers: Layers): number {
  let count = 0;
  for (let at = 0; at + 1 < layers.length; at++) {
    const right = indexes(layers[at + 1]!);
    const ends = layers[at]!.map((slot) => slot.after.map((next) => right.get(next)!));
    for (let upper = 0; upper < ends.length; upper++) {
      for (let lower = upper + 1; lower < ends.length; lower++) {
        for (const a of ends[upper]!) for (const b of ends[lower]!) if (a > b) count++;
      }
    }
  }
  return count;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** To the middle of its neighbours on one side; what has none there stays where it is. */
function sortLayer(layer: Slot[], beside: readonly Slot[], side: 'before' | 'after'): void {
  const at = indexes(beside);
  const wish = new Map(layer.map((slot, own) => [slot, slot[side].length ? mean(slot[side].map((one) => at.get(one)!)) : own]));
  layer.sort((a, b) => wish.get(a)! - wish.get(b)!);
}

function order(layers: Layers): void {
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    if (sweep % 2 === 0) for (let at = 1; at < layers.length; at++) sortLayer(layers[at]!, layers[at - 1]!, 'before');
    else for (let at = layers.length - 2; at >= 0; at--) sortLayer(layers[at]!, layers[at + 1]!, 'after');
    const count = crossings(layers);
    if (count >= fewest) continue;
    fewest = count;
    best = layers.map((layer) => [...layer]);
  }
  best.forEach((layer, at) => (layers[at] = layer));
}

/* ---- heights ---- */

const half = (slot: Slot, sizes: Sizes) => (slot.isStep ? sizes.height / 2 : 0);

const distance = (upper: Slot, lower: Slot, sizes: Sizes) => half(upper, sizes) + half(lower, sizes) + sizes.gap;

/**
 * As near to the wishes as the order and the distances allow, by least squares: wishes that would collide share a block, which stands at
 * their mean (the pool of adjacent violators).
 */
function place(layer: readonly Slot[], wishes: readonly number[], sizes: Sizes): void {
  const offsets: number[] = [];
  const blocks: { sum: number; count: number }[] = [];
  layer.forEach((slot, at) => {
    offsets.push(at ? offsets[at - 1]! + distance(layer[at - 1]!, slot, sizes) : 0);
    let block = { sum: wishes[at]! - offsets[at]!, count: 1 };
    while (blocks.length && blocks.at(-1)!.sum / blocks.at(-1)!.count >= block.sum / block.count) {
      const above = blocks.pop()!;
      block = { sum: above.sum + block.sum, count: above.count + block.count };
    }
    blocks.push(block);
  });
  const tops = blocks.flatMap((block) => Array.from({ length: block.count }, () => block.sum / block.count));
  layer.forEach((slot, at) => (slot.y = Math.round(tops[at]! + offsets[at]!)));
}

function settle(layers: Layers, sizes: Sizes): void {
  for (const layer of layers) place(layer, layer.map(() => 0), sizes);
  const towards = (side: 'before' | 'after') => (slot: Slot) => (slot[side].length ? mean(slot[side].map((one) => one.y)) : slot.y);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers) place(layer, layer.map(towards('before')), sizes);
    for (const layer of [...layers].reverse()) place(layer, layer.map(towards('after')), sizes);
  }
  const top = Math.min(...layers.flat().map((slot) => slot.y - half(slot, sizes)));
  for (const slot of layers.flat()) slot.y -= top;
}

/* ---- lanes ---- */

/** Which lane what leaves a slot has; straight lines need none. */
type Lanes = ReadonlyMap<Slot, number>;

interface Turn {
  slot: Slot;
  top: number;
  bottom: number;
}

/** What leaves downwards must have turned before what comes from above arrives at its height, and the other way round. */
function byTurn(a: Turn, b: Turn): number {
  const falls = (turn: Turn) => turn.bottom - turn.slot.y >= turn.slot.y - turn.top;
  if (falls(a) !== falls(b)) return falls(a) ? -1 : 1;
  return falls(a) ? b.slot.y - a.slot.y : a.slot.y - b.slot.y;
}

function lanesAfter(layer: readonly Slot[]): Lanes {
  const turns = layer.flatMap((slot): Turn[] => {
    const ys = [slot.y, ...slot.after.map((next) => next.y)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    return top === bottom ? [] : [{ slot, top, bottom }];
  });
  const taken: Turn[][] = [];
  const lanes = new Map<Slot, number>();
  for (const turn of turns.sort(byTurn)) {
    const free = taken.findIndex((lane) => lane.every((other) => other.bottom < turn.top || other.top > turn.bottom));
    const lane = free < 0 ? taken.length : free;
    (taken[lane] ??= []).push(turn);
    lanes.set(turn.slot, lane);
  }
  return lanes;
}

function leftOf(count: number, lanes: readonly Lanes[], sizes: Sizes): number[] {
  const left: number[] = [];
  for (let layer = 0; layer < count; layer++) {
    const used = layer ? Math.max(0, ...[...lanes[layer - 1]!.values()].map((lane) => lane + 1)) : 0;
    left.push(layer ? left[layer - 1]! + sizes.width + sizes.lane * (used + 1) + sizes.entry : 0);
  }
  return left;
}

function draw({ from, to, through }: Way, lanes: readonly Lanes[], left: readonly number[], sizes: Sizes): Line {
  const points: Point[] = [{ x: left[through[0]!.layer]! + sizes.width, y: through[0]!.y }];
  for (let at = 1; at < through.length; at++) {
    const [a, b] = [through[at - 1]!, through[at]!];
    if (a.y === b.y) continue;
    const x = left[a.layer]! + sizes.width + sizes.lane * (lanes[a.layer]!.get(a)! + 1);
    points.push({ x, y: a.y }, { x, y: b.y });
  }
  points.push({ x: left[through.at(-1)!.layer]!, y: through.at(-1)!.y });
  return { from, to, points };
}

/** The line as an SVG path whose corners are round. */
export function pathOf(points: readonly Point[], radius: number): string {
  const parts = [`M${points[0]!.x} ${points[0]!.y}`];
  for (let at = 1; at < points.length - 1; at++) {
    const [before, corner, after] = [points[at - 1]!, points[at]!, points[at + 1]!];
    const reach = Math.min(radius, length(before, corner) / 2, length(corner, after) / 2);
    const start = towards(corner, before, reach);
    const end = towards(corner, after, reach);
    parts.push(`L${start.x} ${start.y}Q${corner.x} ${corner.y} ${end.x} ${end.y}`);
  }
  parts.push(`L${points.at(-1)!.x} ${points.at(-1)!.y}`);
  return parts.join('');
}

const length = (a: Point, b: Point) => Math.abs(a.x - b.x) + Math.abs(a.y - b.y);

function towards(from: Point, to: Point, by: number): Point {
  return { x: from.x + Math.sign(to.x - from.x) * by, y: from.y + Math.sign(to.y - from.y) * by };
}
