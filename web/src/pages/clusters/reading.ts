/** One cluster as the server knows it, read again when something about it is told. */
import { useEffect, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import type { Cluster } from '../../api/types.gen';
import { clusters } from '../../model/clusters';

/** Events come in bursts. */
const SETTLE_MS = 500;

export interface ClusterReading {
  /** The last that was read. */
  cluster: Cluster | null;
  problem: Problem | null;
  again: () => void;
}

export function useCluster(name: string): ClusterReading {
  const told = clusters.value.get(name);
  const [round, setRound] = useState(0);
  const [read, setRead] = useState<Omit<ClusterReading, 'again'>>({ cluster: null, problem: null });
  const isOther = read.cluster?.name !== name;
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(
      () =>
        call('GET /api/v1/clusters/{name}', { path: { name }, signal: abort.signal }).then(
          (cluster) => setRead({ cluster, problem: null }),
          (error: unknown) => {
            if (abort.signal.aborted) return;
            if (!(error instanceof Problem)) throw error;
            setRead((last) => ({ ...last, problem: error }));
          },
        ),
      isOther ? 0 : SETTLE_MS,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [name, told, round]);
  // What was told is newer than what was read; only the workloads are not told.
  const cluster = isOther ? null : { ...read.cluster!, ...told };
  return { cluster, problem: read.problem, again: () => setRound((count) => count + 1) };
}
