/** One cluster: what can go there, what runs, how full it is, and how it keeps up with Git. */
import { useEffect, useRef } from 'preact/hooks';
import type { Cluster } from '../../api/types.gen';
import { clusters, silentClusters } from '../../model/clusters';
import { clock, duration } from '../../model/time';
import { go, href, place } from '../../router';
import { useShortcuts } from '../../ui/keys';
import { Mark } from '../../ui/mark';
import { Loading, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { When } from '../../ui/when';
import type { PageProps } from '../../pages';
import { Capacity } from './capacity';
import { Deploy } from './deploy';
import { useCluster } from './reading';
import { lagOf, Revision } from './revision';
import { Sync } from './sync';
import { Workloads } from './workloads';
import './clusters.css';

const tabs = [
  { key: 'deploy', label: 'Deploy', View: Deploy },
  { key: 'workloads', label: 'Workloads', View: Workloads },
  { key: 'capacity', label: 'Capacity', View: Capacity },
  { key: 'sync', label: 'Sync', View: Sync },
] as const;

export function addressOf(name: string, tab: string = tabs[0].key): string {
  return `/clusters/${encodeURIComponent(name)}${tab === tabs[0].key ? '' : `/${tab}`}`;
}

/** Another cluster, in the same view. */
function Switcher({ name, tab }: { name: string; tab: string }) {
  const names = [...new Set([...clusters.value.keys(), name])];
  return (
    <select class="field switcher" aria-label="Cluster" value={name} onChange={(event) => go(addressOf(event.currentTarget.value, tab))}>
      {names.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  );
}

function Connection({ cluster }: { cluster: Cluster }) {
  const isSilent = silentClusters.value.has(cluster.name) || !cluster.isConnected;
  return (
    <span class="state">
      <Mark look={isSilent ? { shape: 'dashed', family: 'attention' } : { shape: 'dot', family: 'ok' }} />
      {isSilent ? 'No data' : 'Connected'}
      {isSilent && cluster.seenAt && ` for ${duration(clock.value - Date.parse(cluster.seenAt))}`}
    </span>
  );
}

function Head({ cluster, tab }: { cluster: Cluster; tab: string }) {
  return (
    <header class="cluster-head">
      <h1 class="unseen">{cluster.name}</h1>
      <Switcher name={cluster.name} tab={tab} />
      <Connection cluster={cluster} />
      {cluster.stage && (
        <span class="foreign">
          <span class="muted">Stage</span> {cluster.stage}
        </span>
      )}
      <span>
        <span class="muted">Git</span> <Revision commit={cluster.appliedCommit} /> <span class="muted">{lagOf(cluster)}</span>
      </span>
      {cluster.agentVersion && <span class="muted foreign">Agent {cluster.agentVersion}</span>}
    </header>
  );
}

/** What was seen last stays, with its age. */
function Silence({ cluster }: { cluster: Cluster }) {
  if (cluster.isConnected) return null;
  if (!cluster.seenAt) {
    return (
      <div class="banner">
        <Mark look={{ shape: 'dashed', family: 'attention' }} />
        <span class="foreign">
          {cluster.name} has never reported. Start its agent: <code>heddle cluster add {cluster.name}</code> shows how.
        </span>
      </div>
    );
  }
  return (
    <div class="banner" role="status">
      <Mark look={{ shape: 'dashed', family: 'attention' }} />
      <span class="foreign">
        {cluster.name} cannot be reached. What you see is as of <When at={cluster.seenAt} as="moment" />. The agent goes on by itself, and tells when it is back.
      </span>
    </div>
  );
}

function TabLinks({ name, tab }: { name: string; tab: string }) {
  const { source } = Object.fromEntries(place.value.query);
  return (
    <nav class="tabs" aria-label="Views of the cluster">
      {tabs.map(({ key, label }) => (
        <a key={key} href={href(addressOf(name, key), key === 'deploy' ? { source } : {})} aria-current={key === tab ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}

export function ClusterPage({ values }: PageProps) {
  const name = values.name!;
  const at = Math.max(0, tabs.findIndex(({ key }) => key === values.tab));
  const { key: tab, label, View } = tabs[at]!;
  const { cluster, problem, again } = useCluster(name);
  const walk = useRef((_step: number) => {});
  walk.current = (step) => go(addressOf(name, tabs[(at + step + tabs.length) % tabs.length]!.key));
  useShortcuts([
    { keys: '[', does: 'The view before', run: () => walk.current(-1) },
    { keys: ']', does: 'The next view', run: () => walk.current(1) },
  ]);
  useEffect(() => {
    document.title = `${label} · ${name} · heddle`;
  }, [label, name]);
  if (!cluster) {
    if (problem) return <ProblemNotice what="The cluster cannot be read" problem={problem} onRetry={again} />;
    return (
      <Loading>
        <div class="skeleton" />
      </Loading>
    );
  }
  return (
    <div class="page cluster">
      <Head cluster={cluster} tab={tab} />
      {problem && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={again} />}
      <Silence cluster={cluster} />
      <TabLinks name={name} tab={tab} />
      <View cluster={cluster} />
    </div>
  );
}
