/** All clusters: which are there, how they keep up with Git, how full they are. */
import { useEffect } from 'preact/hooks';
import { may } from '../../api/session';
import type { Cluster } from '../../api/types.gen';
import { percent } from '../../model/amount';
import { areClustersLoaded, clusters, clustersProblem, readClusters } from '../../model/clusters';
import { clock, duration } from '../../model/time';
import { href } from '../../router';
import { LevelBar } from '../../ui/level';
import { Mark } from '../../ui/mark';
import { Loading, Notice, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { addressOf } from './cluster-page';
import { lagOf } from './revision';
import './clusters.css';

function Fill({ part, whole }: { part: number | undefined; whole: number | undefined }) {
  if (part === undefined || whole === undefined) return <span class="muted">not measured</span>;
  return (
    <span class="fill">
      <LevelBar parts={[{ kind: 'asked', value: part }]} of={whole} /> {percent(part, whole)}
    </span>
  );
}

function Row({ cluster }: { cluster: Cluster }) {
  const { name, stage, isConnected, seenAt, problems, capacity } = cluster;
  return (
    <tr>
      <th scope="row">
        <a class="foreign" href={href(addressOf(name))}>
          {name}
        </a>
      </th>
      <td class="foreign">{stage ?? <span class="muted">none</span>}</td>
      <td>
        <span class="state">
          <Mark look={isConnected ? { shape: 'dot', family: 'ok' } : { shape: 'dashed', family: 'attention' }} />
          {isConnected ? 'Connected' : seenAt ? `No data for ${duration(clock.value - Date.parse(seenAt))}` : 'Has never reported'}
        </span>
      </td>
      <td>{lagOf(cluster)}</td>
      <td>
        {problems.length ? (
          <a class="state" href={href(addressOf(name, 'sync'))}>
            <Mark look={{ shape: 'octagon', family: 'fail' }} />
            {problems.length} {problems.length === 1 ? 'problem' : 'problems'}
          </a>
        ) : (
          <span class="muted">none</span>
        )}
      </td>
      <td>
        <Fill part={capacity?.requested?.cpuMilli} whole={capacity?.allocatable?.cpuMilli} />
      </td>
      <td>
        <Fill part={capacity?.requested?.memoryBytes} whole={capacity?.allocatable?.memoryBytes} />
      </td>
    </tr>
  );
}

function Empty() {
  return (
    <Notice title="No clusters yet">
      <p>
        {may('admin') ? (
          <>
            Run <code>heddle cluster add NAME</code>, start the agent that it prints, and add the name to a stage in <code>heddle.yaml</code>.
          </>
        ) : (
          <>
            An admin adds one with <code>heddle cluster add NAME</code>.
          </>
        )}
      </p>
    </Notice>
  );
}

export function ClustersPage() {
  useEffect(() => {
    document.title = 'Clusters · heddle';
  }, []);
  const problem = clustersProblem.value;
  const retry = () => void readClusters();
  if (!areClustersLoaded.value) {
    if (problem) return <ProblemNotice what="The clusters cannot be read" problem={problem} onRetry={retry} />;
    return (
      <Loading>
        <div class="skeleton" />
      </Loading>
    );
  }
  return (
    <div class="page">
      <h1>Clusters</h1>
      {problem && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={retry} />}
      {clusters.value.size ? (
        <div class="table-scroll card" tabIndex={0} role="group" aria-label="Clusters">
          <table class="facts rows">
            <thead>
              <tr>
                <th scope="col">Cluster</th>
                <th scope="col">Stage</th>
                <th scope="col">Agent</th>
                <th scope="col">Git</th>
                <th scope="col">Problems</th>
                <th scope="col">CPU asked for</th>
                <th scope="col">Memory asked for</th>
              </tr>
            </thead>
            <tbody>
              {[...clusters.value.values()].map((cluster) => (
                <Row key={cluster.name} cluster={cluster} />
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Empty />
      )}
    </div>
  );
}
