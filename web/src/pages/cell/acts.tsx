/** What can be done with a cell, and the dialogs that ask before it is. */
import { useState } from 'preact/hooks';
import { call, newOnce } from '../../api/client';
import { me } from '../../api/session';
import type { Cell, CellDetail, ReleaseRow } from '../../api/types.gen';
import { lacksRole } from '../../model/permission';
import { go, href } from '../../router';
import type { Action } from '../../ui/actions';
import { ReasonDialog } from '../../ui/reason-dialog';
import { toast } from '../../ui/toast';
import { versionOf } from '../board/cell';
import { openPromote } from '../promote/wish';
import { RollBackWords } from '../release/acts';
import type { CellPlace } from './shown';

export type Ask = 'roll back' | 'hold' | 'resume' | { approve: ReleaseRow };

export function waitingRelease(detail: CellDetail): ReleaseRow | undefined {
  return detail.releases.find((release) => release.phase === 'needs_approval');
}

export function actionsOf({ stage, workload }: CellPlace, detail: CellDetail, ask: (what: Ask) => void): Action[] {
  const lack = lacksRole('promote');
  const actions: Action[] = [];
  const waiting = waitingRelease(detail);
  if (waiting) {
    const isOwn = me.value?.name === waiting.actor;
    const obstacle = lacksRole('approve') ?? (isOwn ? `You asked for ${waiting.name} yourself: someone else must approve it.` : null);
    actions.push({ text: `Approve ${waiting.name}`, kind: 'primary', obstacle, run: () => ask({ approve: waiting }) });
  }
  if (detail.next && !waiting) {
    const { from, image, isChart } = detail.next;
    const kind = detail.diagnosis ? undefined : 'primary';
    actions.push({ text: `Promote ${versionOf({ ...image, isChart })} here`, kind, obstacle: lack, run: () => openPromote({ to: stage, from, workloads: [workload] }) });
  }
  // What is wrong has its card, and the card has this button.
  if (!detail.diagnosis) actions.push({ text: 'Roll back', kind: 'danger', obstacle: lack, run: () => ask('roll back') });
  actions.push(
    detail.hold
      ? { text: detail.hold.workload ? 'Resume' : `Resume all of ${stage}`, obstacle: lack, run: () => ask('resume') }
      : { text: 'Hold', obstacle: lack, run: () => ask('hold') },
  );
  return actions;
}

const HOUR = 3_600_000;
const spans: readonly [string, number][] = [
  ['until someone resumes it', 0],
  ['for 1 hour', HOUR],
  ['for 8 hours', 8 * HOUR],
  ['for 1 day', 24 * HOUR],
  ['for 1 week', 168 * HOUR],
];

interface Props {
  place: CellPlace;
  cell: Cell;
  ask: Ask;
  onClose: () => void;
  onDone: () => void;
}

export function ActDialog({ place, cell, ask, onClose, onDone }: Props) {
  const [once] = useState(newOnce);
  const [forMs, setForMs] = useState(0);
  const { stage, workload } = place;
  const here = `${workload} in ${stage}`;
  const done = (words: string) => {
    toast(words);
    onDone();
  };
  if (typeof ask === 'object') {
    const { id, name, planDigest, reason } = ask.approve;
    return (
      <ReasonDialog
        title={`Approve ${name}`}
        verb={`Approve ${name}`}
        label="Message"
        onClose={onClose}
        onSend={async (message) => {
          await call('POST /api/v1/releases/{id}/approve', { path: { id }, body: { planDigest, message } });
          done(`You approved ${name}.`);
        }}
      >
        <p class="foreign">
          {ask.approve.actor} wants to bring {ask.approve.workloads.join(', ')} to {stage}
          {reason ? `: ${reason}` : '.'}
        </p>
        <p>
          <a href={href(`/releases/${id}`, { tab: 'changes' })}>See its changes first</a>
        </p>
      </ReasonDialog>
    );
  }
  switch (ask) {
    case 'roll back':
      return (
        <ReasonDialog
          title={`Roll back ${here}`}
          verb={`Roll back ${workload}`}
          isDanger
          isRequired
          onClose={onClose}
          onSend={async (reason) => {
            const made = await call('POST /api/v1/rollbacks', { body: { stage, workload, reason }, once });
            go(`/releases/${made.id}`);
            toast(`${made.name} rolls back ${here}.`);
          }}
        >
          <RollBackWords>
            <p class="foreign">
              From <b class="mono">{versionOf(cell)}</b> to the version that was here before it.
            </p>
          </RollBackWords>
        </ReasonDialog>
      );
    case 'hold':
      return (
        <ReasonDialog
          title={`Hold ${here}`}
          verb={`Hold ${workload}`}
          isRequired
          onClose={onClose}
          onSend={async (reason) => {
            await call('POST /api/v1/holds', { body: { stage, workload, reason, ...(forMs && { forMs }) } });
            done(`${here} is held.`);
          }}
        >
          <p>Nothing newer comes by itself. People can still promote and roll back.</p>
          <label>
            <span>How long</span>
            <select class="field" value={String(forMs)} onChange={(event) => setForMs(Number(event.currentTarget.value))}>
              {spans.map(([words, ms]) => (
                <option key={ms} value={String(ms)}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        </ReasonDialog>
      );
    case 'resume':
      return (
        <ReasonDialog
          title={cell.hold?.workload ? `Resume ${here}` : `Resume all of ${stage}`}
          verb={cell.hold?.workload ? `Resume ${workload}` : `Resume ${stage}`}
          label=""
          onClose={onClose}
          onSend={async () => {
            await call('POST /api/v1/holds/end', { body: { stage, workload: cell.hold?.workload ?? workload } });
            done(`${cell.hold?.workload ? here : stage} goes on.`);
          }}
        >
          <p>Automation takes it up again: what is newer may come at once.</p>
        </ReasonDialog>
      );
  }
}
