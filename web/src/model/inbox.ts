/** What waits for the person who is signed in: approvals, their own releases that are in trouble, holds that are forgotten. */
import { computed, effect, signal } from '@preact/signals';
import { call, Problem } from '../api/client';
import { may, me } from '../api/session';
import type { Hold, ReleaseRow } from '../api/types.gen';
import { connection, on, whenLive } from '../live/live';
import { board } from './board';
import { holdsToLookAt, isForApproval, isInTrouble, waitsForOthers, type Person, type StateOf } from './inbox-rules';
import { ReleaseList } from './release-list';
import { clock } from './time';

const isMine = (row: ReleaseRow) => row.actor === me.peek()?.name;
const list = new ReleaseList((row) => !row.isOver || (row.phase === 'failed' && isMine(row)));
const rows = computed(() => list.shown.value.map((row) => row.value));
const allHolds = signal<readonly Hold[]>([]);

export const isInboxLoaded = list.isLoaded;
export const inboxProblem = signal<Problem | null>(null);

const person = computed<Person>(() => ({ name: me.value?.name ?? '', mayApprove: may('approve') }));

const stateOf: StateOf = (stage, workload) =>
  board.byName.peek().get(workload)?.cells.find((cell) => cell?.peek().stage === stage)?.peek().state;

/** The oldest first: what comes does not move what is being read. */
export const toApprove = computed(() => rows.value.filter((row) => isForApproval(row, person.value)).reverse());
export const inTrouble = computed(() => {
  void board.revision.value;
  return rows.value.filter((row) => isInTrouble(row, person.value, stateOf, Date.now()));
});
export const withOthers = computed(() => rows.value.filter((row) => waitsForOthers(row, person.value)));
/** Those that someone else must approve, because this person's token may not. */
export const outOfReach = computed(() => rows.value.filter((row) => row.phase === 'needs_approval' && !may('approve') && row.actor !== person.value.name));
export const holds = computed(() => holdsToLookAt(allHolds.value, clock.value));

/** What does not go on without this person. */
export const inboxCount = computed(() => toApprove.value.length + inTrouble.value.length);

const PAGE = 500;
const FAILED = 50;
const LIVE_MS = 500;
/** What was read before the stream was live may have missed something. */
let isRead = false;

export async function readInbox(): Promise<void> {
  const { moment } = list;
  isRead = connection.peek().kind === 'live';
  try {
    const [active, failed, held] = await Promise.all([
      call('GET /api/v1/releases', { query: { state: 'active', limit: PAGE } }),
      call('GET /api/v1/releases', { query: { state: 'failed', actor: me.peek()?.name, limit: FAILED } }),
      call('GET /api/v1/holds'),
    ]);
    list.takePage({ items: [...active.items, ...failed.items] }, moment);
    list.settle();
    allHolds.value = held.items;
    inboxProblem.value = null;
  } catch (error) {
    isRead = false;
    if (!(error instanceof Problem)) throw error;
    inboxProblem.value = error;
  }
}

/** Read it, and keep it as the server tells. */
export function followInbox(): void {
  on('release', (data, number) => {
    list.takeEvent(data as ReleaseRow, number);
    list.settle();
  });
  on('pipeline', () => void readInbox());
  on('reset', () => {
    list.forgetNumbers();
    void readInbox();
  });
  void whenLive(LIVE_MS).then(() => {
    effect(() => {
      if (me.value?.name) void readInbox();
    });
    connection.subscribe(({ kind }) => {
      if (kind === 'live' && !isRead) void readInbox();
      if (kind !== 'live') isRead = false;
    });
  });
}
