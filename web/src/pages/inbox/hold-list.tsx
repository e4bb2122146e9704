/** Holds that end soon, and those that nothing ends: automation rests there, and is easily forgotten. */
import { useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import { may } from '../../api/session';
import type { Hold } from '../../api/types.gen';
import { readInbox } from '../../model/inbox';
import { clock, duration } from '../../model/time';
import { href } from '../../router';
import { Dialog } from '../../ui/dialog';
import { Mark } from '../../ui/mark';
import { toast } from '../../ui/toast';
import { When } from '../../ui/when';

const whereOf = (hold: Hold) => (hold.workload ? `${hold.workload} in ${hold.stage}` : `all of ${hold.stage}`);

function endOf(hold: Hold): string {
  if (!hold.expiresAt) return 'no end';
  return `ends in ${duration(Math.max(0, Date.parse(hold.expiresAt) - clock.value))}`;
}

function Resume({ hold, onClose }: { hold: Hold; onClose: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const resume = async () => {
    try {
      await call('POST /api/v1/holds/end', { body: { stage: hold.stage, workload: hold.workload } });
      toast(`Automation goes on for ${whereOf(hold)}`);
      onClose();
      void readInbox();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error.message);
    }
  };
  return (
    <Dialog
      title={`Resume ${whereOf(hold)}?`}
      onClose={onClose}
      footer={
        <>
          {problem && (
            <span class="bad foreign" role="alert">
              {problem}
            </span>
          )}
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="button primary" onClick={() => void resume()}>
            Resume {whereOf(hold)}
          </button>
        </>
      }
    >
      <p class="foreign">
        {hold.owner} held it: “{hold.reason}”. Automation then brings what is newest and admitted
        {hold.rejected?.tag && `, but not ${hold.rejected.tag}, which was rolled back, until something newer comes`}.
      </p>
    </Dialog>
  );
}

export function HoldList({ holds }: { holds: readonly Hold[] }) {
  const [resuming, setResuming] = useState<Hold | null>(null);
  return (
    <>
      <ul class="plain inbox-list">
        {holds.map((hold) => (
          <li key={hold.id}>
            <div class="release-head">
              <Mark look={{ shape: 'pause', family: 'neutral' }} />
              <a class="foreign" href={href('/board', { q: hold.workload, state: hold.workload ? null : 'held' })}>
                {whereOf(hold)}
              </a>
              <span class={hold.expiresAt ? '' : 'endless'}>{endOf(hold)}</span>
              <span class="spacer" />
              <span class="muted foreign">
                by {hold.owner} <When at={hold.createdAt} />
              </span>
              {may('promote') && (
                <button type="button" class="button" onClick={() => setResuming(hold)}>
                  Resume…<span class="unseen"> {whereOf(hold)}</span>
                </button>
              )}
            </div>
            <p class="muted foreign">{hold.reason}</p>
          </li>
        ))}
      </ul>
      {resuming && <Resume hold={resuming} onClose={() => setResuming(null)} />}
    </>
  );
}
