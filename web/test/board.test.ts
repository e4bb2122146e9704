import { describe, expect, it } from 'vitest';
import { BoardStore, cellsOf } from '../src/model/board-store';
import type { Cell } from '../src/api/types.gen';
import { boardOf, cell, dice, shuffled } from './make';

const states: Cell['state'][] = ['healthy', 'rolling_out', 'stuck', 'failed', 'held'];

function contents(store: BoardStore) {
  return store.rows.value.map((row) => [row.name, cellsOf(row), row.newest.value]);
}

function start(): BoardStore {
  const store = new BoardStore();
  store.take(boardOf({ cart: [cell(), cell({ stage: 'prod' })], web: [cell()] }));
  return store;
}

describe('the board', () => {
  it('is the same whatever the order of its deltas, however often each comes', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const roll = dice(seed);
      const deltas = Array.from({ length: 30 }, (_, at) => ({
        number: at + 1,
        workload: roll(2) ? 'cart' : 'web',
        cell: cell({ stage: 'dev', state: states[roll(states.length)]!, version: `1.${roll(9)}.0` }),
      }));
      const inOrder = start();
      for (const delta of deltas) inOrder.takeCell(delta, delta.number);
      const mixed = start();
      for (const delta of shuffled([...deltas, ...deltas.filter(() => roll(3) === 0)], roll)) mixed.takeCell(delta, delta.number);
      expect(contents(mixed), `seed ${seed}`).toEqual(contents(inOrder));
    }
  });

  it('keeps the rows and cells that are as they were', () => {
    const store = start();
    const [cart, web] = store.rows.value;
    store.take(boardOf({ cart: [cell({ state: 'stuck' }), cell({ stage: 'prod' })], web: [cell()] }));
    expect(store.rows.value[0]).toBe(cart);
    expect(store.rows.value[1]).toBe(web);
    expect(cart!.cells[0]!.value.state).toBe('stuck');
  });

  it('repaints nothing when nothing has changed', () => {
    const store = start();
    let paints = 0;
    store.rows.value[0]!.cells[0]!.subscribe(() => paints++);
    store.take(boardOf({ cart: [cell(), cell({ stage: 'prod' })], web: [cell()] }));
    store.takeCell({ workload: 'cart', cell: cell() }, 5);
    expect(paints).toBe(1);
  });

  it('asks to be read again for a cell that it does not have', () => {
    const store = start();
    expect(store.takeCell({ workload: 'web', cell: cell({ stage: 'prod' }) }, 1)).toBe(false);
    expect(store.takeCell({ workload: 'nobody', cell: cell() }, 2)).toBe(false);
    expect(store.takeCell({ workload: 'web', cell: cell() }, 3)).toBe(true);
  });

  it('makes the row anew when its cells are others', () => {
    const store = start();
    store.take(boardOf({ cart: [cell()], web: [cell(), cell({ stage: 'prod' })] }));
    expect(store.rows.value.map((row) => row.cells.map((one) => one !== null))).toEqual([[true, false], [true, true]]);
  });

  it('counts from the beginning after a restart of the server', () => {
    const store = start();
    store.takeCell({ workload: 'cart', cell: cell({ state: 'stuck' }) }, 100);
    store.forgetNumbers();
    store.takeCell({ workload: 'cart', cell: cell({ state: 'failed' }) }, 1);
    expect(store.rows.value[0]!.cells[0]!.value.state).toBe('failed');
  });
});
