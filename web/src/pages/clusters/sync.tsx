/** What of Git the cluster has applied, what it could not, and what it put back. */
import { useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import { may } from '../../api/session';
import type { Cluster, Drift, Problem as FileProblem } from '../../api/types.gen';
import { Mark } from '../../ui/mark';
import { toast } from '../../ui/toast';
import { When } from '../../ui/when';
import { lagOf, Revision } from './revision';

function SyncNow({ cluster }: { cluster: Cluster }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const obstacle = may('promote') ? null : 'Your role only reads. Ask an admin for a token with the role promote.';
  const sync = async () => {
    if (obstacle) return;
    try {
      await call('POST /api/v1/sync', { body: { cluster: cluster.name } });
      setProblem(null);
      toast(`${cluster.name} was told to look at Git now.`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  return (
    <div class="sync-now">
      <button type="button" class="button" aria-disabled={obstacle !== null} aria-describedby="sync-note" onClick={() => void sync()}>
        Sync {cluster.name} now
      </button>
      <span id="sync-note" class={problem ? 'refusal foreign' : 'muted foreign'} role={problem ? 'alert' : undefined}>
        {problem?.message ?? obstacle ?? 'The server fetches, and the agent looks at once.'}
      </span>
    </div>
  );
}

function Facts({ cluster }: { cluster: Cluster }) {
  return (
    <dl class="pairs">
      <dt>Applied</dt>
      <dd>
        <Revision commit={cluster.appliedCommit} />
        {cluster.appliedAt && (
          <>
            {' '}
            <When at={cluster.appliedAt} />
          </>
        )}
      </dd>
      <dt>Lag</dt>
      <dd>{lagOf(cluster)}</dd>
      {cluster.seenCommit && cluster.seenCommit !== cluster.appliedCommit && (
        <>
          <dt>On its way</dt>
          <dd>
            <Revision commit={cluster.seenCommit} />
          </dd>
        </>
      )}
      <dt>Branch</dt>
      <dd class="mono foreign">{cluster.branch ?? '–'}</dd>
      <dt>Repository</dt>
      <dd class="mono foreign">{cluster.repository ?? '–'}</dd>
      <dt>Folder</dt>
      <dd class="mono foreign">{cluster.path ?? '–'}</dd>
      <dt>Objects</dt>
      <dd>{cluster.objects ?? '–'}</dd>
    </dl>
  );
}

function Problems({ problems }: { problems: readonly FileProblem[] }) {
  if (!problems.length) return <p class="muted">Everything in Git could be applied.</p>;
  return (
    <ul class="plain stack">
      {problems.map((problem) => (
        <li key={`${problem.file}:${problem.line} ${problem.text}`} class="with-mark">
          <Mark look={{ shape: 'octagon', family: 'fail' }} />
          <span class="foreign">
            {problem.file && (
              <code>
                {problem.file}
                {problem.line > 0 && `:${problem.line}`}
              </code>
            )}{' '}
            {problem.text}
          </span>
        </li>
      ))}
    </ul>
  );
}

function whatChanged(drift: Drift): string {
  return drift.wasDeleted ? 'was deleted' : (drift.field ?? 'a field that Git leaves open');
}

function Drifts({ drifts }: { drifts: readonly Drift[] }) {
  if (!drifts.length) return <p class="muted">Nobody has changed by hand what Git says.</p>;
  return (
    <div class="table-scroll">
      <table class="facts">
        <thead>
          <tr>
            <th scope="col">Object</th>
            <th scope="col">What was changed</th>
            <th scope="col">By</th>
            <th scope="col">Put back</th>
          </tr>
        </thead>
        <tbody>
          {drifts.map((drift, at) => (
            <tr key={at}>
              <th scope="row" class="foreign">
                {drift.kind} {drift.namespace && `${drift.namespace}/`}
                {drift.name}
              </th>
              <td class="mono foreign">{whatChanged(drift)}</td>
              <td class="foreign">{drift.manager ?? 'unknown'}</td>
              <td>{drift.at && <When at={drift.at} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Sync({ cluster }: { cluster: Cluster }) {
  return (
    <div class="sync">
      <Facts cluster={cluster} />
      <SyncNow cluster={cluster} />
      <section>
        <h2>Problems</h2>
        <Problems problems={cluster.problems} />
      </section>
      <section>
        <h2>Changed by hand, and put back</h2>
        <Drifts drifts={cluster.drifts ?? []} />
      </section>
    </div>
  );
}
