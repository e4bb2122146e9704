/** The clusters, and which of them are silent. */
import { computed, signal } from '@preact/signals';
import { call, Problem } from '../api/client';
import type { Cluster } from '../api/types.gen';
import { connection, on, whenLive } from '../live/live';
import { clock } from './time';

export const clusters = signal<ReadonlyMap<string, Cluster>>(new Map());

const SILENT_MS = 45_000;
const LIVE_MS = 500;

async function read(): Promise<void> {
  try {
    const { items } = await call('GET /api/v1/clusters');
    clusters.value = new Map(items.map((cluster) => [cluster.name, cluster]));
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // pages that need them say so; the next reset tries again
  }
}

export function followClusters(): void {
  on('cluster', (data) => {
    const cluster = data as Cluster;
    clusters.value = new Map(clusters.peek()).set(cluster.name, { ...clusters.peek().get(cluster.name), ...cluster });
  });
  on('reset', () => void read());
  on('pipeline', () => void read());
  void whenLive(LIVE_MS).then(read);
}

/** Clusters that have not reported for long, with their last time ("" : never).  When we hear nothing ourselves, we cannot say. */
export const silentClusters = computed<ReadonlyMap<string, string>>(() => {
  const silent = new Map<string, string>();
  if (connection.value.kind !== 'live') return silent;
  for (const cluster of clusters.value.values()) {
    if (!cluster.seenAt) silent.set(cluster.name, '');
    else if (clock.value - Date.parse(cluster.seenAt) > SILENT_MS) silent.set(cluster.name, cluster.seenAt);
  }
  return silent;
});
