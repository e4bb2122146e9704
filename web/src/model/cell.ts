/** One cell in full: which release brought what it has, and what can be said of both. */
import type { CellDetail, Diagnosis, ReleaseRow } from '../api/types.gen';

export interface Brought {
  /** What runs; "" when that is not known. */
  version: string;
  /** Of Git, where it is another one. */
  wanted: string;
  release: ReleaseRow | null;
}

/** The newest release that has put something into Git; what it brought may still be on its way. */
export function broughtBy(cell: Pick<CellDetail, 'version' | 'running' | 'releases'>): Brought {
  const running = cell.running ?? '';
  const isThere = running === cell.version;
  const release = cell.releases.find((one) => one.commits.length > 0 && (isThere ? one.phase === 'done' : true)) ?? null;
  return { version: running, wanted: isThere ? '' : cell.version, release };
}

export interface ClusterFinding {
  diagnosis: Diagnosis;
  clusters: string[];
}

/** Each cause once, with the clusters that have it. */
export function causesOf(cell: Pick<CellDetail, 'targets'>): ClusterFinding[] {
  const found = new Map<string, ClusterFinding>();
  for (const { cluster, diagnosis } of cell.targets) {
    if (!diagnosis) continue;
    const key = `${diagnosis.code} ${diagnosis.what}`;
    const known = found.get(key);
    if (known) known.clusters.push(cluster);
    else found.set(key, { diagnosis, clusters: [cluster] });
  }
  return [...found.values()];
}
