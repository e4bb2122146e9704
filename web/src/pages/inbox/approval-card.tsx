/** A release that waits for your word: what it changes, and then the word. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import { connection } from '../../live/live';
import type { Impact, Release, ReleaseItem, ReleaseRow } from '../../api/types.gen';
import { isChart } from '../../model/release';
import { href } from '../../router';
import { Diff } from '../../ui/diff';
import { Loading } from '../../ui/notice';
import { toast } from '../../ui/toast';
import { When } from '../../ui/when';
import { ImpactList } from '../promote/effects';
import { ReleaseHead } from './release-head';

interface Detail {
  release: Release;
  diff: string;
  /** Of the same plan; null when that cannot be said now. */
  impact: readonly Impact[] | null;
}

/** What it asks of the nodes, when a plan made now is the one that waits. */
async function readImpact(release: Release, signal: AbortSignal): Promise<Impact[] | null> {
  const { stage: to, from, workloads, planDigest } = release;
  try {
    const plan = await call('POST /api/v1/plans', { body: { to, from, workloads, with: ['impact'] }, signal });
    return plan.digest === planDigest ? (plan.impact ?? null) : null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return null; // the stage or the source is gone; the diff says enough
  }
}

async function readDetail(id: number, signal: AbortSignal): Promise<Detail> {
  const path = { id };
  const [release, diff] = await Promise.all([
    call('GET /api/v1/releases/{id}', { path, signal }),
    call('GET /api/v1/releases/{id}/diff', { path, signal }),
  ]);
  return { release, diff, impact: await readImpact(release, signal) };
}

function useDetail({ id, planDigest, approvedBy }: ReleaseRow) {
  const [detail, setDetail] = useState<Detail | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    readDetail(id, abort.signal).then(
      (read) => {
        setDetail(read);
        setProblem(null);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        setProblem(error);
      },
    );
    return () => abort.abort();
  }, [id, planDigest, approvedBy.length, round]);
  return { detail, problem, again: () => setRound((count) => count + 1) };
}

const name = (image: ReleaseItem['changes'][number]['to'] | null) => image?.tag || image?.digest?.slice(7, 14) || '–';

function Changes({ items }: { items: readonly ReleaseItem[] }) {
  return (
    <table class="approval-items">
      <thead>
        <tr>
          <th scope="col">Workload</th>
          <th scope="col">Cluster</th>
          <th scope="col">Now</th>
          <th scope="col">Then</th>
        </tr>
      </thead>
      <tbody>
        {items.flatMap((item) =>
          item.changes.map((change) => (
            <tr key={`${item.target}/${item.workload}/${change.container}`}>
              <th scope="row" class="foreign">
                {item.workload}
                {(item.changes.length > 1 || isChart(change)) && <span class="muted"> {change.container}</span>}
              </th>
              <td class="foreign">{item.target}</td>
              <td class="mono foreign muted">{name(change.from)}</td>
              <td class="mono foreign">{name(change.to)}</td>
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}

function Voices({ release }: { release: Release }) {
  const others = release.gates.filter((gate) => gate.name !== 'approval' && gate.verdict !== 'open');
  return (
    <>
      {release.approvals.map(({ person, message, at }) => (
        <p key={person} class="foreign">
          {person} approved it <When at={at} />
          {message && `: “${message}”`}
        </p>
      ))}
      {others.map((gate) => (
        <p key={gate.name} class="foreign">
          Also waits at {gate.name}: {gate.reason}
        </p>
      ))}
    </>
  );
}

function summaryOf(release: Release): string {
  const count = release.workloads.length;
  return `${count} ${count === 1 ? 'workload' : 'workloads'} in ${release.stage}`;
}

interface WordProps {
  release: Release;
  /** Its plan may have changed: look again. */
  onRefused: () => void;
}

function Word({ release, onRefused }: WordProps) {
  const [message, setMessage] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const isLive = connection.value.kind === 'live';

  const say = async (isApproval: boolean) => {
    if (isBusy || !isLive) return;
    if (!isApproval && !message.trim()) {
      setProblem('Say why: a rejection ends the release, and its author reads your reason.');
      field.current?.focus();
      return;
    }
    setBusy(true);
    setProblem(null);
    const path = { id: release.id };
    try {
      if (isApproval) await call('POST /api/v1/releases/{id}/approve', { path, body: { planDigest: release.planDigest, message } });
      else await call('POST /api/v1/releases/{id}/reject', { path, body: { message } });
      toast(
        <>
          You {isApproval ? 'approved' : 'rejected'} <a href={href(`/releases/${release.id}`)}>{release.name}</a>
        </>,
      );
      document.getElementById('inbox-title')?.focus();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error.requestId ? `${error.message} (${error.requestId})` : error.message);
      onRefused();
    }
    setBusy(false);
  };

  return (
    <form
      class="word"
      aria-label={`Your word on ${release.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        void say(true);
      }}
    >
      <p>
        You approve plan <code class="foreign">{release.planDigest.slice(0, 7)}</code>: {summaryOf(release)}.
      </p>
      <div class="word-line">
        <input
          ref={field}
          class="field"
          aria-label={`Message for ${release.name}`}
          placeholder="Message; to reject, the reason"
          maxLength={500}
          autocomplete="off"
          value={message}
          onInput={(event) => setMessage(event.currentTarget.value)}
          aria-describedby={problem ? id : undefined}
          aria-invalid={problem ? true : undefined}
        />
        <button type="button" class="button danger" aria-disabled={isBusy || !isLive} onClick={() => void say(false)}>
          Reject {release.name}
        </button>
        <button class="button primary" aria-disabled={isBusy || !isLive}>
          Approve {release.name}
        </button>
      </div>
      {!isLive && <p class="muted">The connection is being made again: what stands here may be old. Then you can decide.</p>}
      {problem && (
        <p id={id} class="bad foreign" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

export function ApprovalCard({ row }: { row: ReleaseRow }) {
  const { detail, problem, again } = useDetail(row);
  return (
    <article class="approval" aria-label={`${row.name} to ${row.stage}`}>
      <ReleaseHead row={row} />
      {row.reason && <p class="foreign asked">{row.reason}</p>}
      {problem && (
        <p class="bad foreign" role="alert">
          Its changes cannot be read: {problem.message} {problem.requestId && <code>{problem.requestId}</code>}{' '}
          <button type="button" class="button" onClick={again}>
            Try again
          </button>
        </p>
      )}
      {!detail && !problem && (
        <Loading>
          <div class="skeleton" />
        </Loading>
      )}
      {detail && (
        <>
          <h3>Changes</h3>
          <Changes items={detail.release.items} />
          <Diff text={detail.diff} />
          {detail.impact && (
            <>
              <h3>Impact</h3>
              <ImpactList impacts={detail.impact} />
            </>
          )}
          <Voices release={detail.release} />
          <Word release={detail.release} onRefused={again} />
        </>
      )}
    </article>
  );
}
