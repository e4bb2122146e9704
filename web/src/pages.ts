/** Every page: its address, its place in the navigation, and its code, which is loaded when it is first shown. */
import type { ReadonlySignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { inboxCount } from './model/inbox';
import { BoardPage } from './pages/board/board-page';

export interface PageProps {
  /** Values of the pattern's "{name}"s. */
  values: Record<string, string>;
}

export interface Page {
  pattern: string;
  /** In the navigation, with the letter that follows "g", and how many wait there. */
  nav?: { label: string; key: string; count?: ReadonlySignal<number> };
  component?: ComponentType<PageProps>;
  load?: () => Promise<ComponentType<PageProps>>;
}

const clusterPage = () => import('./pages/clusters/cluster-page').then((module) => module.ClusterPage);

export const pages: readonly Page[] = [
  { pattern: '/', component: BoardPage },
  { pattern: '/board', nav: { label: 'Board', key: 'b' }, component: BoardPage },
  {
    pattern: '/pipeline',
    nav: { label: 'Pipeline', key: 'p' },
    load: () => import('./pages/pipeline/pipeline-page').then((module) => module.PipelinePage),
  },
  {
    pattern: '/releases',
    nav: { label: 'Releases', key: 'r' },
    load: () => import('./pages/releases/releases-page').then((module) => module.ReleasesPage),
  },
  { pattern: '/releases/{id}', load: () => import('./pages/release/release-page').then((module) => module.ReleasePage) },
  {
    pattern: '/inbox',
    nav: { label: 'Inbox', key: 'i', count: inboxCount },
    load: () => import('./pages/inbox/inbox-page').then((module) => module.InboxPage),
  },
  {
    pattern: '/clusters',
    nav: { label: 'Clusters', key: 'k' },
    load: () => import('./pages/clusters/clusters-page').then((module) => module.ClustersPage),
  },
  { pattern: '/clusters/{name}', load: clusterPage },
  { pattern: '/clusters/{name}/{tab}', load: clusterPage },
  { pattern: '/settings', load: () => import('./pages/settings/settings-page').then((module) => module.SettingsPage) },
];
