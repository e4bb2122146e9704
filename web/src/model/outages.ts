/** What the server cannot reach: the Git host, registries. */
import { computed, signal } from '@preact/signals';
import { call, Problem } from '../api/client';
import type { Outages } from '../api/types.gen';
import { on, whenLive } from '../live/live';
import { clock } from './time';

export type Outage = Outages['items'][number];

const LIVE_MS = 500;
/** Shorter than this is a hiccup, which passes by itself. */
const HICCUP_MS = 15_000;

const all = signal<readonly Outage[]>([]);

async function readOutages(): Promise<void> {
  try {
    all.value = (await call('GET /api/v1/outages')).items;
  } catch (error) {
    // Then nothing else can be read either, and the page says so.
    if (!(error instanceof Problem)) throw error;
  }
}

export function followOutages(): void {
  on('outages', (data) => {
    all.value = (data as Outages).items;
  });
  on('reset', () => void readOutages());
  void whenLive(LIVE_MS).then(readOutages);
}

export function lasting(outages: readonly Outage[], now: number): Outage[] {
  return outages.filter(({ since }) => now - Date.parse(since) > HICCUP_MS);
}

/** Those that people should know of. */
export const outages = computed(() => lasting(all.value, clock.value));
