/** The tab Progress: what is wrong, how far each workload is, what it waits for, and what it left out. */
import type { Diagnosis, Release } from '../../api/types.gen';
import { board } from '../../model/board';
import { lacksRole } from '../../model/permission';
import { findingsOf, listed, type Finding } from '../../model/release';
import { go } from '../../router';
import type { Action } from '../../ui/actions';
import { DiagnosisCard } from '../../ui/diagnosis-card';
import { GateList } from '../../ui/gate-list';
import { movedBy, rollBackObstacle, type Ask } from './acts';
import { Timeline } from './timeline';

/** The release keeps the words; the board still has what they rest on, while it lasts. */
function withEvidence(finding: Finding, stage: string): Diagnosis {
  const { diagnosis, items } = finding;
  const { workload, target } = items[0]!;
  const cell = board.byName.value.get(workload)?.cells.find((one) => one?.value.stage === stage)?.value;
  const now = cell?.targets.find(({ cluster }) => cluster === target)?.diagnosis;
  return now?.code === diagnosis.code ? { ...diagnosis, ...now } : diagnosis;
}

/** Causes that pass by themselves, or that a rollback would not help. */
const isNotOfTheVersion = /^HD10(03|7\d|8\d|91)$/;

function actionsOn(finding: Finding, release: Release, onAsk: (what: Ask) => void): Action[] {
  const actions: Action[] = [];
  const moved = movedBy(release);
  const workloads = [...new Set(finding.items.map((item) => item.workload))];
  if (!isNotOfTheVersion.test(finding.diagnosis.code)) {
    for (const workload of workloads.slice(0, 3)) {
      const items = moved.filter((item) => item.workload === workload);
      const item = items[0];
      if (item) actions.push({ text: `Roll back ${workload}`, kind: 'danger', obstacle: rollBackObstacle(release, items), run: () => onAsk({ rollBack: item }) });
    }
  }
  if (release.phase === 'failed' || release.phase === 'stopped') actions.push({ text: 'Retry', obstacle: lacksRole('promote'), run: () => onAsk('retry') });
  const first = workloads[0]!;
  actions.push({ text: `Open ${first} in ${release.stage}`, run: () => go('/board', { cell: `${release.stage}/${first}` }) });
  return actions;
}

interface Props {
  release: Release;
  onAsk: (what: Ask) => void;
}

export function Progress({ release, onAsk }: Props) {
  const findings = findingsOf(release.items);
  const isWaiting = release.gates.some((gate) => gate.verdict !== 'open');
  return (
    <div class="progress">
      {findings.map((finding) => (
        <DiagnosisCard
          key={`${finding.diagnosis.code} ${finding.items[0]!.workload} ${finding.items[0]!.target}`}
          diagnosis={withEvidence(finding, release.stage)}
          isFailure={finding.items.some((item) => item.state === 'failed')}
          where={
            <>
              <b>{listed([...new Set(finding.items.map((item) => item.workload))])}</b> in {listed([...new Set(finding.items.map((item) => item.target))])}
              {finding.items.length > 1 && `: ${finding.items.length} times the same cause`}
            </>
          }
          actions={actionsOn(finding, release, onAsk)}
        />
      ))}
      {isWaiting && !release.isOver && (
        <section aria-label="Gates">
          <h3>Gates</h3>
          <GateList gates={release.gates} />
        </section>
      )}
      <Timeline release={release} />
      {release.skipped.length > 0 && (
        <details class="skipped">
          <summary>
            {release.skipped.length} {release.skipped.length === 1 ? 'place was' : 'places were'} left out
          </summary>
          <ul class="plain">
            {release.skipped.map((skip) => (
              <li key={`${skip.workload} ${skip.target}`} class="foreign">
                <b>{skip.workload}</b> in {skip.target}: {skip.reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
