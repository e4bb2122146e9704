/** What the command menu offers on every page. */
import { signOut } from '../api/session';
import { board } from '../model/board';
import { clusters } from '../model/clusters';
import { density } from '../model/preferences';
import { pages } from '../pages';
import { go } from '../router';
import { copy } from '../ui/toast';
import type { Command } from './commands';
import { toggleTheme } from './state';

const always = (): Command[] => [
  ...pages.flatMap(({ pattern, nav }) => (nav ? [{ title: nav.label, kind: 'Page', hint: `g ${nav.key}`, run: () => go(pattern) }] : [])),
  { title: 'Settings', kind: 'Page', hint: 'g s', run: () => go('/settings') },
  { title: 'Light or dark', kind: 'Do', hint: 't', run: toggleTheme },
  { title: 'Comfortable rows', kind: 'Do', hint: '1', run: () => (density.value = 'comfortable') },
  { title: 'Compact rows', kind: 'Do', hint: '2', run: () => (density.value = 'compact') },
  { title: 'Dense rows', kind: 'Do', hint: '3', run: () => (density.value = 'dense') },
  { title: 'Copy a link to this view', kind: 'Do', run: () => void copy(location.href, 'Link') },
  { title: 'Sign out', kind: 'Do', run: () => void signOut() },
];

const workloads = (): Command[] =>
  board.rows.value.map((row) => ({
    title: row.name,
    kind: 'Workload',
    hint: row.namespace,
    run: () => go('/board', { q: row.name }),
  }));

const clusterPages = (): Command[] =>
  [...clusters.value.values()].map(({ name, stage }) => ({ title: name, kind: 'Cluster', hint: stage, run: () => go(`/clusters/${encodeURIComponent(name)}`) }));

export const usualCommands = (): Command[] => [...always(), ...clusterPages(), ...workloads()];
