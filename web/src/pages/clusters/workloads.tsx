/** What runs in one cluster: the board's column, downwards, with what each asks for. */
import type { Cluster, ClusterWorkload } from '../../api/types.gen';
import { cpu, memory } from '../../model/amount';
import { board } from '../../model/board';
import { cellLooks } from '../../model/state';
import { Mark } from '../../ui/mark';
import { Notice } from '../../ui/notice';
import { When } from '../../ui/when';
import { versionOf } from '../board/cell';
import { stateOf, targetOf, wordsOf, type Target } from './targets';

function Row({ name, place, seen }: { name: string; place: Target; seen: ClusterWorkload | undefined }) {
  const { target } = place;
  const state = stateOf(place);
  const isElsewhere = target.running && target.running !== target.version;
  return (
    <tr>
      <th scope="row" class="foreign">
        {name}
      </th>
      <td>
        <span class="state">
          <Mark look={state === 'healthy' ? { shape: 'dot', family: 'ok' } : cellLooks[state]} /> {wordsOf(place)}
          {target.since && (
            <span class="muted">
              {' '}
              for <When at={target.since} as="for" />
            </span>
          )}
        </span>
        {target.diagnosis && <div class="foreign">{target.diagnosis.what}</div>}
      </td>
      <td class="mono foreign">
        {versionOf(target)}
        {isElsewhere && <small class="muted"> runs {target.running}</small>}
      </td>
      <td class="number">{target.wanted === undefined ? '–' : `${target.ready ?? 0} of ${target.wanted}`}</td>
      <td class="number">{seen?.use ? `${cpu(seen.use.perPod.cpuMilli)}, ${memory(seen.use.perPod.memoryBytes)}` : '–'}</td>
      <td class="number">{seen?.use?.used ? `${cpu(seen.use.used.cpuMilli)}, ${memory(seen.use.used.memoryBytes)}` : '–'}</td>
    </tr>
  );
}

export function Workloads({ cluster }: { cluster: Cluster }) {
  const seen = new Map(cluster.workloads?.map((workload) => [workload.name, workload]));
  const here = board.rows.value.flatMap((row) => {
    const place = targetOf(row.name, cluster.name);
    return place ? [{ name: row.name, place }] : [];
  });
  if (!here.length) {
    return (
      <Notice title="No workload is here">
        <p>Git has none in the folder of this cluster.</p>
      </Notice>
    );
  }
  return (
    <div class="table-scroll card" tabIndex={0} role="group" aria-label="Workloads">
      <table class="facts rows">
        <thead>
          <tr>
            <th scope="col">Workload</th>
            <th scope="col">State</th>
            <th scope="col">Version</th>
            <th scope="col" class="number">
              Pods ready
            </th>
            <th scope="col" class="number">
              Each asks for
            </th>
            <th scope="col" class="number">
              All use
            </th>
          </tr>
        </thead>
        <tbody>
          {here.map(({ name, place }) => (
            <Row key={name} name={name} place={place} seen={seen.get(name)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
