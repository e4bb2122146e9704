/** Inbox: what does not go on without you, and what you wait for. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import { me } from '../../api/session';
import type { ReleaseRow } from '../../api/types.gen';
import { holds, inboxCount, inboxProblem, inTrouble, isInboxLoaded, outOfReach, readInbox, toApprove, withOthers } from '../../model/inbox';
import { phaseLooks } from '../../model/state';
import { href } from '../../router';
import { announce } from '../../ui/announce';
import { useShortcuts, type Shortcut } from '../../ui/keys';
import { Loading, Notice, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { When } from '../../ui/when';
import { ApprovalCard } from './approval-card';
import { HoldList } from './hold-list';
import { ReleaseHead } from './release-head';
import '../promote/promote.css';
import './inbox.css';

function Section({ title, count, children }: { title: string; count: number; children: ComponentChildren }) {
  if (!count) return null;
  return (
    <section aria-label={title}>
      <h2>
        {title} <span class="muted">{count}</span>
      </h2>
      {children}
    </section>
  );
}

function ReleaseList({ rows }: { rows: readonly ReleaseRow[] }) {
  return (
    <ul class="plain inbox-list">
      {rows.map((row) => (
        <li key={row.id}>
          <ReleaseHead row={row} />
          <p class="muted foreign">{row.why}</p>
        </li>
      ))}
    </ul>
  );
}

/** All is well: the last that went on, so that the page is no riddle. */
function NothingWaits() {
  const [last, setLast] = useState<ReleaseRow | null>(null);
  useEffect(() => {
    call('GET /api/v1/releases', { query: { limit: 1 } }).then(
      ({ items }) => setLast(items[0] ?? null),
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error; // it is only a courtesy
      },
    );
  }, []);
  return (
    <Notice title="Nothing needs you" actions={<a class="button" href={href('/board')}>Go to the Board</a>}>
      {last && (
        <p>
          Last release: <a href={href(`/releases/${last.id}`)}>{last.name}</a> <span class="foreign">to {last.stage}</span>,{' '}
          {last.createdAt && <When at={last.createdAt} />}, {phaseLooks[last.phase].word.toLowerCase()}.
        </p>
      )}
    </Notice>
  );
}

/** What others must decide, said to those who may not. */
function OutOfReach() {
  const count = outOfReach.value.length;
  if (!count) return null;
  return (
    <p class="muted inbox-note">
      <a href={href('/releases', { state: 'needs_approval' })}>
        {count} {count === 1 ? 'release waits' : 'releases wait'}
      </a>{' '}
      for an approval. Your token’s role is {me.value?.role}; an admin makes tokens that may approve.
    </p>
  );
}

function useVoice() {
  const count = inboxCount.value;
  useEffect(() => {
    document.title = `${count ? `(${count}) ` : ''}Inbox · heddle`;
    if (count) announce('inbox', `${count} ${count === 1 ? 'waits' : 'wait'} for you.`);
  }, [count]);
}

function Content() {
  const problem = inboxProblem.value;
  const retry = () => void readInbox();
  if (!isInboxLoaded.value) {
    if (problem) return <ProblemNotice what="The Inbox cannot be read" problem={problem} onRetry={retry} />;
    return (
      <Loading>
        <div class="skeleton" />
      </Loading>
    );
  }
  const sections = [toApprove.value, inTrouble.value, withOthers.value, holds.value];
  return (
    <>
      {problem && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={retry} />}
      <Section title="Approve" count={toApprove.value.length}>
        {toApprove.value.map((row) => (
          <ApprovalCard key={row.id} row={row} />
        ))}
      </Section>
      <Section title="Stuck or failed, and yours" count={inTrouble.value.length}>
        <ReleaseList rows={inTrouble.value} />
      </Section>
      <Section title="Waiting for others" count={withOthers.value.length}>
        <ReleaseList rows={withOthers.value} />
      </Section>
      <Section title="Holds that end soon, or never" count={holds.value.length}>
        <HoldList holds={holds.value} />
      </Section>
      {sections.every((one) => !one.length) && <NothingWaits />}
      <OutOfReach />
    </>
  );
}

const shortcuts: Shortcut[] = [
  { keys: 'a', does: 'Your word on the first release', run: () => document.querySelector<HTMLElement>('.word input')?.focus() },
];

export function InboxPage() {
  useVoice();
  useShortcuts(shortcuts);
  return (
    <div class="inbox">
      <h1 id="inbox-title" tabIndex={-1}>
        Inbox
      </h1>
      <Content />
    </div>
  );
}
