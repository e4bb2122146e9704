/** What can be done with a release, and the dialogs that ask before it is. */
import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { call, newOnce } from '../../api/client';
import { me } from '../../api/session';
import type { Release, ReleaseItem } from '../../api/types.gen';
import { board } from '../../model/board';
import { lacksRole } from '../../model/permission';
import { listed } from '../../model/release';
import { go } from '../../router';
import type { Action } from '../../ui/actions';
import { ReasonDialog } from '../../ui/reason-dialog';
import { toast } from '../../ui/toast';
import { openPromote } from '../promote/wish';
import { Moves } from './moves';

export type Ask = 'approve' | 'reject' | 'stop' | 'retry' | 'roll back' | { rollBack: ReleaseItem };

/** Does Git still say what this item brought?  When the board cannot tell, yes. */
export function isStillThere(item: ReleaseItem, stage: string): boolean {
  const row = board.byName.value.get(item.workload);
  const target = row?.cells.find((cell) => cell?.value.stage === stage)?.value.targets.find(({ cluster }) => cluster === item.target);
  const to = item.changes[0]?.to;
  return !target || !to || (to.digest && target.digest ? to.digest === target.digest : to.tag === target.version);
}

/** What this release has put into Git. */
export function movedBy(release: Release): ReleaseItem[] {
  return release.items.filter((item) => item.changes.length && item.state !== 'waiting' && item.wave <= release.commits.length);
}

function approvalObstacle(release: Release): string | null {
  const lack = lacksRole('approve');
  return lack ?? (me.value?.name === release.actor ? `You asked for ${release.name} yourself: someone else must approve it.` : null);
}

export function rollBackObstacle(release: Release, items: readonly ReleaseItem[]): string | null {
  return lacksRole('promote') ?? (items.some((item) => isStillThere(item, release.stage)) ? null : 'Git says other versions by now: there is nothing to roll back.');
}

export function actionsOf(release: Release, ask: (what: Ask) => void): Action[] {
  const actions: Action[] = [];
  const lack = lacksRole('promote');
  const moved = movedBy(release);
  if (release.phase === 'needs_approval') {
    const obstacle = approvalObstacle(release);
    actions.push({ text: `Approve ${release.name}`, kind: 'primary', obstacle, run: () => ask('approve') });
    actions.push({ text: 'Reject', obstacle: lacksRole('approve'), run: () => ask('reject') });
  }
  if (release.phase === 'done' && release.kind !== 'rollback') {
    for (const { name } of board.stages.value.filter((stage) => stage.from.includes(release.stage))) {
      const text = `Promote ${listed(release.workloads)} to ${name}`;
      actions.push({ text, kind: 'primary', obstacle: lack, run: () => openPromote({ to: name, from: release.stage, workloads: release.workloads }) });
    }
  }
  if (release.phase === 'failed' || release.phase === 'stopped') actions.push({ text: 'Retry', obstacle: lack, run: () => ask('retry') });
  if (!release.isOver) actions.push({ text: 'Stop', obstacle: lack, run: () => ask('stop') });
  if (moved.length) actions.push({ text: 'Roll back', kind: 'danger', obstacle: rollBackObstacle(release, moved), run: () => ask('roll back') });
  return actions;
}

/** What a rollback does, wherever it is asked for. */
export function RollBackWords({ children }: { children?: ComponentChildren }) {
  return (
    <>
      {children}
      <p class="muted">It goes to every cluster at once, past soaks and approvals. What is rolled back is held: nothing newer comes by itself until someone resumes it.</p>
    </>
  );
}

interface Props {
  release: Release;
  ask: Ask;
  onClose: () => void;
  onDone: () => void;
}

export function ActDialog({ release, ask, onClose, onDone }: Props) {
  const [once] = useState(newOnce);
  const { id, name, planDigest } = release;
  const path = { id };
  const rollBack = (body: { release: number } | { stage: string; workload: string }) => async (reason: string) => {
    const made = await call('POST /api/v1/rollbacks', { body: { ...body, reason }, once });
    go(`/releases/${made.id}`);
    toast(`${made.name} rolls back ${listed(made.workloads)} in ${made.stage}.`);
  };
  const done = (words: string) => {
    toast(words);
    onDone();
  };
  if (typeof ask === 'object') {
    const { workload } = ask.rollBack;
    const items = movedBy(release).filter((item) => item.workload === workload);
    return (
      <ReasonDialog title={`Roll back ${workload}`} verb={`Roll back ${workload}`} isDanger isRequired onClose={onClose} onSend={rollBack({ stage: release.stage, workload })}>
        <RollBackWords>
          <Moves items={items} isBack />
        </RollBackWords>
      </ReasonDialog>
    );
  }
  switch (ask) {
    case 'roll back':
      return (
        <ReasonDialog title={`Roll back ${name}`} verb={`Roll back ${listed(release.workloads)}`} isDanger isRequired onClose={onClose} onSend={rollBack({ release: id })}>
          <RollBackWords>
            <Moves items={movedBy(release)} isBack />
          </RollBackWords>
        </ReasonDialog>
      );
    case 'approve':
      return (
        <ReasonDialog
          title={`Approve ${name}`}
          verb={`Approve ${name}`}
          label="Message"
          onClose={onClose}
          onSend={async (message) => {
            await call('POST /api/v1/releases/{id}/approve', { path, body: { planDigest, message } });
            done(`You approved ${name}.`);
          }}
        >
          <p>
            This goes to <b class="foreign">{release.stage}</b>:
          </p>
          <Moves items={release.items} />
        </ReasonDialog>
      );
    case 'reject':
      return (
        <ReasonDialog
          title={`Reject ${name}`}
          verb={`Reject ${name}`}
          isDanger
          onClose={onClose}
          onSend={async (message) => {
            await call('POST /api/v1/releases/{id}/reject', { path, body: { message } });
            done(`You rejected ${name}.`);
          }}
        >
          <p>It ends here. Whoever wants it must ask again.</p>
        </ReasonDialog>
      );
    case 'stop':
      return (
        <ReasonDialog
          title={`Stop ${name}`}
          verb={`Stop ${name}`}
          isDanger
          onClose={onClose}
          onSend={async (reason) => {
            await call('POST /api/v1/releases/{id}/stop', { path, body: { reason } });
            done(`You stopped ${name}.`);
          }}
        >
          <p>{release.commits.length ? 'What is in Git stays, and clusters go on applying it. Nothing more is committed.' : 'Nothing has been committed: nothing will change.'}</p>
        </ReasonDialog>
      );
    case 'retry':
      return (
        <ReasonDialog
          title={`Retry ${name}`}
          verb={`Retry ${name}`}
          label=""
          onClose={onClose}
          onSend={async () => {
            await call('POST /api/v1/releases/{id}/retry', { path });
            done(`You retry ${name}.`);
          }}
        >
          <p>What is done stays done; the rest is tried again, with the same versions.</p>
        </ReasonDialog>
      );
  }
}
