/** The clusters, and which of them are silent. */
import { computed, signal } from '@preact/signals';
import { call, Problem } from '../api/client';
import type { Cluster } from '../api/types.gen';
import { connection, on, whenLive } from '../live/live';

export const clusters = signal<ReadonlyMap<string, Cluster>>(new Map());
/** Why the last read failed; what was read before stays. */
export const clustersProblem = signal<Problem | null>(null);
export const areClustersLoaded = signal(false);

const LIVE_MS = 500;

export async function readClusters(): Promise<void> {
  try {
    const { items } = await call('GET /api/v1/clusters');
    clusters.value = new Map(items.map((cluster) => [cluster.name, cluster]));
    clustersProblem.value = null;
    areClustersLoaded.value = true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    clustersProblem.value = error;
  }
}

export function followClusters(): void {
  on('cluster', (data) => {
    const cluster = data as Cluster;
    clusters.value = new Map(clusters.peek()).set(cluster.name, { ...clusters.peek().get(cluster.name), ...cluster });
  });
  on('reset', () => void readClusters());
  on('pipeline', () => void readClusters());
  void whenLive(LIVE_MS).then(readClusters);
}

/** Clusters that have not reported for long, with their last time ("" : never).  When we hear nothing ourselves, we cannot say. */
export const silentClusters = computed<ReadonlyMap<string, string>>(() => {
  const silent = new Map<string, string>();
  if (connection.value.kind !== 'live') return silent;
  for (const { name, isConnected, seenAt } of clusters.value.values()) {
    // The server tells when one falls silent; of one that is well, not every report is told.
    if (!isConnected) silent.set(name, seenAt ?? '');
  }
  return silent;
});
