/** One release: what can truly be said of it, how far it is, and what took how long. */
import type { Diagnosis, Release, ReleaseItem, ReleaseRow } from '../api/types.gen';
import { phaseLooks, type Look } from './state';
import { duration } from './time';

export type Step = Release['steps'][number];
export type ItemState = ReleaseItem['state'];

export const itemLooks: Record<ItemState, Look> = {
  waiting: { word: 'Waiting', shape: 'clock', family: 'neutral' },
  committed: { word: 'In Git', shape: 'half', family: 'run' },
  synced: { word: 'Applied', shape: 'half', family: 'run' },
  rolling: { word: 'Rolling out', shape: 'half', family: 'run' },
  stuck: { word: 'Stuck', shape: 'triangle', family: 'attention' },
  done: { word: 'Done', shape: 'tick', family: 'ok' },
  failed: { word: 'Failed', shape: 'octagon', family: 'fail' },
  superseded: { word: 'Superseded', shape: 'stop', family: 'neutral' },
  stopped: { word: 'Stopped', shape: 'stop', family: 'neutral' },
};

export function releaseLook(release: Pick<ReleaseRow, 'phase' | 'isStuck'>): Look {
  return release.isStuck ? { word: 'Stuck', shape: 'triangle', family: 'attention' } : phaseLooks[release.phase];
}

/** "cart", "cart and web", "cart, web and 3 more". */
export function listed(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length <= 3) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

const unique = (names: readonly string[]) => [...new Set(names)];
const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Is it the chart of a HelmRelease or an Application that changes, and no image? */
export const isChart = ({ container }: { container: string }) => /^chart(\[|$)/.test(container);

/** "1.1.0": what an item brings; several containers may bring several. */
export function newVersionOf(item: ReleaseItem): string {
  return unique(
    item.changes.map((change) => `${isChart(change) ? 'chart ' : ''}${change.to.tag ?? change.to.digest?.slice(0, 14) ?? ''}`),
  ).join(', ');
}

function arrived(release: Release): string {
  const done = release.items.filter((item) => item.state === 'done');
  if (!done.length) return '';
  if (done.length < release.items.length) {
    return `${done.length} of ${release.items.length} ${done.length === 1 ? 'runs' : 'run'} the new version.`;
  }
  if (release.workloads.length > 1) return `All ${release.items.length} run the new version.`;
  return `${release.workloads[0]} ${newVersionOf(done[0]!)} runs in ${listed(unique(done.map((item) => item.target)))}.`;
}

const worstFirst: readonly ItemState[] = ['failed', 'stuck', 'rolling', 'synced', 'committed', 'waiting'];

/** The item that decides how it goes on; none when all is done. */
export function worstItem(release: Pick<Release, 'items'>): ReleaseItem | undefined {
  for (const state of worstFirst) {
    const found = release.items.find((item) => item.state === state && item.diagnosis) ?? release.items.find((item) => item.state === state);
    if (found) return found;
  }
  return undefined;
}

const notBegun = new Set<Release['phase']>(['planned', 'needs_approval', 'queued']);

/** What is true now, in two or three short sentences: how far it is, what is in the way, whom that concerns. */
export function sentenceOf(release: Release): string {
  const why = sentence(release.why || phaseLooks[release.phase].word);
  if (release.phase === 'done') return `${arrived(release)} ${why}`.trim();
  if (notBegun.has(release.phase)) {
    return release.commits.length ? why : `${why} Nothing has changed in ${release.stage} yet.`;
  }
  const effect = (release.isStuck || release.phase === 'failed') && worstItem(release)?.diagnosis?.effect;
  const isCounted = release.items.length > 1 && !/^(Wave|\d)/.test(why);
  return [isCounted ? arrived(release) : '', why, effect ? sentence(effect) : ''].filter(Boolean).join(' ');
}

/* ---- diagnoses ---- */

export interface Finding {
  diagnosis: Diagnosis;
  /** All that have this same cause. */
  items: ReleaseItem[];
}

/** Each cause once, with all that it hit; those that someone must look at first. */
export function findingsOf(items: readonly ReleaseItem[]): Finding[] {
  const found = new Map<string, Finding>();
  const rank = (item: ReleaseItem) => worstFirst.indexOf(item.state);
  const hit = items.filter((item) => item.diagnosis !== null && item.state !== 'done' && item.state !== 'superseded');
  for (const item of hit.sort((a, b) => rank(a) - rank(b))) {
    const diagnosis = item.diagnosis!;
    const key = `${diagnosis.code} ${diagnosis.what}`;
    const known = found.get(key);
    if (known) known.items.push(item);
    else found.set(key, { diagnosis, items: [item] });
  }
  return [...found.values()];
}

/* ---- the rail ---- */

export interface Stop {
  word: string;
  at?: string;
  note?: string;
  is: 'past' | 'now' | 'ahead' | 'end';
}

const stepsOf = (release: Release, wave: number) => new Map(release.steps.filter((step) => step.wave === wave).map((step) => [step.name, step]));

interface Passage {
  ahead: string;
  past: string;
  step: Step['name'];
  /** Not there: always. */
  applies?: (release: Release) => boolean;
  note?: (release: Release, wave: number) => string | undefined;
}

/** The pull request of the wave that it is in. */
export const pullOf = (release: Release) => release.pullRequests.find(({ wave }) => wave === release.wave);

const passages: readonly Passage[] = [
  { ahead: 'Gates', past: 'Let in', step: 'gate', note: (release) => listed(release.approvals.filter((one) => !one.isRejection).map((one) => one.person)) },
  { ahead: 'Commit', past: 'Committed', step: 'push', note: (release, wave) => release.commits[wave - 1]?.slice(0, 7) },
  { ahead: 'Merge', past: 'Merged', step: 'pull request', applies: (release) => pullOf(release) !== undefined, note: (release) => pullOf(release)?.who },
  { ahead: 'Sync', past: 'Synced', step: 'sync' },
  { ahead: 'Roll out', past: 'Rolled out', step: 'rollout' },
];

/** Where it is between its plan and its end; of a release in waves, the wave that it is in. */
export function railOf(release: Release): Stop[] {
  const steps = stepsOf(release, release.wave);
  const stops: Stop[] = [{ word: 'Planned', at: release.createdAt, note: release.actor, is: 'past' }];
  const look = releaseLook(release);
  let isReached = true;
  for (const { ahead, past, step, applies, note } of passages) {
    if (applies && !applies(release)) continue;
    const known = steps.get(step);
    if (known?.outcome === 'done') {
      stops.push({ word: past, at: known.finishedAt, note: note?.(release, release.wave) || undefined, is: 'past' });
    } else if (release.isOver) {
      break;
    } else {
      stops.push({ word: isReached ? look.word : ahead, at: isReached ? release.phaseAt : undefined, is: isReached ? 'now' : 'ahead' });
      isReached = false;
    }
  }
  if (release.isOver) stops.push({ word: look.word, at: release.finishedAt, is: 'end' });
  else if (isReached) stops.push({ word: look.word, at: release.phaseAt, is: 'now' });
  else stops.push({ word: release.wave < release.waves ? `Wave ${release.wave + 1}` : 'Done', is: 'ahead' });
  return stops;
}

/* ---- the timeline ---- */

export interface Bar {
  kind: 'git' | 'sync' | 'pods';
  from: number;
  to: number;
  word: string;
}

export interface TimelineRow {
  item: ReleaseItem;
  bars: Bar[];
  /** What such a rollout usually takes; null: too few are known. */
  usualMs: number | null;
}

export interface Timeline {
  from: number;
  to: number;
  rows: TimelineRow[];
}

const over = new Set<ItemState>(['done', 'failed', 'superseded', 'stopped']);
const time = (at: string | undefined, otherwise: number) => (at ? Date.parse(at) : otherwise);

function barsOf(item: ReleaseItem, steps: Map<string, Step>, end: number): Bar[] {
  const itemEnd = over.has(item.state) ? Math.min(end, time(item.since, end)) : end;
  const bar = (kind: Bar['kind'], word: string, first?: Step, last = first): Bar[] => {
    if (!first?.startedAt) return [];
    const from = Date.parse(first.startedAt);
    const to = kind === 'pods' ? itemEnd : time(last?.finishedAt, itemEnd);
    return [{ kind, word, from, to: Math.max(from, to) }];
  };
  return [
    ...bar('git', 'Git', steps.get('commit'), steps.get('push') ?? steps.get('commit')),
    ...bar('sync', 'sync', steps.get('sync')),
    ...bar('pods', 'pods', steps.get('rollout')),
  ];
}

/** Fewer say nothing about what is usual. */
const COMPARED_MIN = 3;

function usualOf(release: Release, { workload, target }: ReleaseItem): number | null {
  const usual = release.usual.find((one) => one.workload === workload && one.target === target);
  return usual && usual.of >= COMPARED_MIN ? usual.rolloutMs : null;
}

const SLOW_FACTOR = 2;
const SLOW_MS_MIN = 10_000;

/** "usually 12 s", and from twice that on how much longer it takes; "" when nothing is known. */
export function usualWords({ bars, usualMs }: TimelineRow): string {
  const pods = bars.find((bar) => bar.kind === 'pods');
  if (usualMs === null || !pods) return '';
  const took = pods.to - pods.from;
  const times = Math.floor(took / Math.max(1, usualMs));
  const isSlow = times >= SLOW_FACTOR && took - usualMs >= SLOW_MS_MIN;
  return isSlow ? `${times} times as long as the usual ${duration(usualMs)}` : `usually ${duration(usualMs)}`;
}

/** One row for each workload and cluster, all on one scale: from the first commit to now, or to the end. */
export function timelineOf(release: Release, now: number): Timeline {
  const waves = new Map(release.items.map((item) => [item.wave, stepsOf(release, item.wave)]));
  const starts = release.steps.filter((step) => step.name === 'commit' && step.startedAt).map((step) => Date.parse(step.startedAt!));
  const end = release.isOver ? time(release.finishedAt, now) : now;
  const rows = release.items.map((item) => ({ item, bars: barsOf(item, waves.get(item.wave)!, end), usualMs: usualOf(release, item) }));
  const from = starts.length ? Math.min(...starts) : end;
  return { from, to: Math.max(end, from + 1000), rows };
}

const nice = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400].map((seconds) => seconds * 1000);
const TICKS_MAX = 6;

/** Where the scale has marks, in milliseconds after its beginning. */
export function ticksOf({ from, to }: Pick<Timeline, 'from' | 'to'>): number[] {
  const step = nice.find((one) => (to - from) / one <= TICKS_MAX) ?? Math.ceil((to - from) / TICKS_MAX);
  const ticks = [];
  // The last words need room to their right.
  for (let at = 0; at <= (to - from) * 0.96; at += step) ticks.push(at);
  return ticks;
}

/** How far an item is, in words. */
export function progressOf(item: ReleaseItem, release: Pick<Release, 'wave' | 'isOver'>): string {
  const pods = item.wanted ? `${item.ready} of ${item.wanted} new pods ready` : '';
  switch (item.state) {
    case 'waiting':
      return item.wave > release.wave ? `After wave ${item.wave - 1}` : 'Not begun';
    case 'committed':
      return 'In Git, not applied yet';
    case 'synced':
      return pods || 'Applied, pods start';
    case 'done':
      return item.wanted ? `${item.ready} of ${item.wanted} pods run it` : 'It has the new version';
    default:
      return pods || itemLooks[item.state].word;
  }
}

/* ---- what happened, as lines ---- */

export interface Happening {
  at: string;
  what: string;
  text: string;
}

const stepWords: Record<Step['name'], string> = { gate: 'Gates', commit: 'Commit', push: 'Push', 'pull request': 'Pull request', sync: 'Sync', rollout: 'Rollout' };

export function happeningsOf(release: Release): Happening[] {
  const all: Happening[] = [];
  const add = (at: string | undefined, what: string, text = '') => at && all.push({ at, what, text });
  const wave = (step: Step) => (release.waves > 1 ? `, wave ${step.wave} of ${release.waves}` : '');
  add(release.createdAt, `Planned by ${release.actor}`, release.reason);
  for (const step of release.steps) {
    const took = step.startedAt && step.finishedAt ? Date.parse(step.finishedAt) - Date.parse(step.startedAt) : 0;
    add(step.finishedAt ?? step.startedAt, `${stepWords[step.name]} ${step.outcome}${took ? ` after ${duration(took)}` : ''}${wave(step)}`, step.text);
  }
  for (const { person, isRejection, message, at } of release.approvals) add(at, `${isRejection ? 'Rejected' : 'Approved'} by ${person}`, message);
  add(release.finishedAt, phaseLooks[release.phase].word, release.why);
  return all.map((one, order) => ({ one, order })).sort((a, b) => Date.parse(a.one.at) - Date.parse(b.one.at) || a.order - b.order).map(({ one }) => one);
}
