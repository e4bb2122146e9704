import { describe, expect, it } from 'vitest';
import { layOut, pathOf, type Layout, type Place, type Point, type Sizes, type Step } from '../src/pages/pipeline/layout';
import { dice } from './make';

const sizes: Sizes = { width: 200, height: 80, gap: 24, lane: 12, entry: 90 };

const step = (id: string, ...from: string[]): Step => ({ id, from });
const at = (layout: Layout, id: string) => layout.places.find((place) => place.id === id)!;
const middle = (place: Place) => place.y + sizes.height / 2;

/** Any pipeline without circles, in any order of the file, with parts that do not hang together. */
function anyPipeline(seed: number): Step[] {
  const roll = dice(seed);
  const count = 1 + roll(40);
  const steps: Step[] = [];
  for (let own = 0; own < count; own++) {
    const wanted = own ? roll(4) : 0;
    steps.push(step(`s${own}`, ...Array.from({ length: wanted }, () => `s${roll(own)}`)));
  }
  return roll(2) ? steps : steps.reverse();
}

function segments(points: readonly Point[]): { from: Point; to: Point }[] {
  return points.slice(1).map((to, index) => ({ from: points[index]!, to }));
}

function touches(place: Place, { from, to }: { from: Point; to: Point }): boolean {
  return (
    Math.max(from.x, to.x) > place.x && Math.min(from.x, to.x) < place.x + sizes.width &&
    Math.max(from.y, to.y) > place.y && Math.min(from.y, to.y) < place.y + sizes.height
  );
}

function overlap(a: { from: Point; to: Point }, b: { from: Point; to: Point }): boolean {
  if (a.from.x !== a.to.x || b.from.x !== b.to.x || a.from.x !== b.from.x) return false;
  return Math.min(Math.max(a.from.y, a.to.y), Math.max(b.from.y, b.to.y)) >= Math.max(Math.min(a.from.y, a.to.y), Math.min(b.from.y, b.to.y));
}

describe('any pipeline', () => {
  const seeds = Array.from({ length: 120 }, (_, seed) => seed + 1);

  it('has room for each of its stages', () => {
    for (const seed of seeds) {
      const { places, width, height } = layOut(anyPipeline(seed), sizes);
      places.forEach((a, index) => {
        expect(a.x >= 0 && a.y >= 0 && a.x + sizes.width <= width && a.y + sizes.height <= height, `seed ${seed}: ${a.id} is inside`).toBe(true);
        for (const b of places.slice(index + 1)) {
          const apart = Math.abs(a.x - b.x) >= sizes.width || Math.abs(a.y - b.y) >= sizes.height + sizes.gap;
          expect(apart, `seed ${seed}: ${a.id} and ${b.id}`).toBe(true);
        }
      });
    }
  });

  it('goes forward, by lines that are level or upright and begin and end at their stages', () => {
    for (const seed of seeds) {
      const steps = anyPipeline(seed);
      const layout = layOut(steps, sizes);
      const wanted = steps.flatMap(({ id, from }) => [...new Set(from)].map((source) => `${source} ${id}`)).sort();
      expect(layout.lines.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(wanted);
      for (const { from, to, points } of layout.lines) {
        const [a, b] = [at(layout, from), at(layout, to)];
        expect(points[0], `seed ${seed}`).toEqual({ x: a.x + sizes.width, y: middle(a) });
        expect(points.at(-1), `seed ${seed}`).toEqual({ x: b.x, y: middle(b) });
        for (const segment of segments(points)) {
          expect(segment.to.x >= segment.from.x, `seed ${seed}: ${from} to ${to} goes back`).toBe(true);
          expect(segment.to.x === segment.from.x || segment.to.y === segment.from.y, `seed ${seed}: ${from} to ${to} is askew`).toBe(true);
        }
      }
    }
  });

  it('runs no line through a stage', () => {
    for (const seed of seeds) {
      const layout = layOut(anyPipeline(seed), sizes);
      for (const line of layout.lines) {
        for (const place of layout.places) {
          expect(segments(line.points).some((one) => touches(place, one)), `seed ${seed}: ${line.from} to ${line.to} through ${place.id}`).toBe(false);
        }
      }
    }
  });

  it('gives upright lines of two stages lanes of their own', () => {
    for (const seed of seeds) {
      const { lines } = layOut(anyPipeline(seed), sizes);
      lines.forEach((a, index) => {
        for (const b of lines.slice(index + 1)) {
          if (a.from === b.from) continue;
          const both = segments(a.points).some((one) => segments(b.points).some((other) => overlap(one, other)));
          expect(both, `seed ${seed}: ${a.from} to ${a.to}, ${b.from} to ${b.to}`).toBe(false);
        }
      });
    }
  });

  it('stands the same each time', () => {
    for (const seed of seeds) expect(layOut(anyPipeline(seed), sizes)).toEqual(layOut(anyPipeline(seed), sizes));
  });

  it('keeps what stands before a new last stage in its layer', () => {
    for (const seed of seeds) {
      const steps = anyPipeline(seed);
      const layers = (layout: Layout) => steps.map(({ id }) => at(layout, id).layer);
      const more = [...steps, step('new', steps.at(-1)!.id)];
      expect(layers(layOut(more, sizes)), `seed ${seed}`).toEqual(layers(layOut(steps, sizes)));
    }
  });
});

describe('a pipeline', () => {
  it('in a row is one straight line', () => {
    const { places, lines } = layOut([step('dev'), step('staging', 'dev'), step('prod', 'staging')], sizes);
    expect(places.map(({ layer, y }) => [layer, y])).toEqual([[0, 0], [1, 0], [2, 0]]);
    expect(lines.every(({ points }) => points.length === 2)).toBe(true);
  });

  it('that fans out and in again is even', () => {
    const layout = layOut([step('dev'), step('eu', 'dev'), step('us', 'dev'), step('asia', 'dev'), step('all', 'eu', 'us', 'asia')], sizes);
    const between = ['eu', 'us', 'asia'].map((id) => at(layout, id).y);
    expect(between).toEqual([0, 104, 208]);
    expect([at(layout, 'dev').y, at(layout, 'all').y]).toEqual([104, 104]);
  });

  it('has no crossings where none are needed, whatever the order of the file', () => {
    const steps = [step('a'), step('b'), step('c'), step('c2', 'c'), step('b2', 'b'), step('a2', 'a')];
    const layout = layOut(steps, sizes);
    for (const id of ['a', 'b', 'c']) expect(at(layout, `${id}2`).y).toBe(at(layout, id).y);
  });

  it('is drawn without what it takes from nowhere, and without the line that closes a circle', () => {
    const { lines } = layOut([step('a', 'nobody', 'b'), step('b', 'a')], sizes);
    expect(lines).toHaveLength(1);
  });

  it('of nothing is empty', () => {
    expect(layOut([], sizes)).toEqual({ places: [], lines: [], width: 0, height: 0 });
  });

  it('of 10 × 6 stages, each from two of the layer before, is laid out within a frame', () => {
    const steps: Step[] = [];
    for (let layer = 0; layer < 10; layer++) {
      for (let row = 0; row < 6; row++) {
        steps.push(layer ? step(`s${layer}-${row}`, `s${layer - 1}-${row}`, `s${layer - 1}-${(row + layer) % 6}`) : step(`s0-${row}`));
      }
    }
    layOut(steps, sizes);
    const took = Array.from({ length: 10 }, () => {
      const began = performance.now();
      layOut(steps, sizes);
      return performance.now() - began;
    });
    expect(Math.min(...took)).toBeLessThan(16); // the others may have waited for a processor
  });
});

describe('a path', () => {
  it('has round corners, as round as there is room', () => {
    expect(pathOf([{ x: 0, y: 0 }, { x: 20, y: 0 }, { x: 20, y: 8 }, { x: 40, y: 8 }], 6)).toBe('M0 0L16 0Q20 0 20 4L20 4Q20 8 24 8L40 8');
    expect(pathOf([{ x: 0, y: 5 }, { x: 40, y: 5 }], 6)).toBe('M0 5L40 5');
  });
});
