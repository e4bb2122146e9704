/** One cell, beside the Board: what runs, since when, why it is so, what comes next, and what can be done. */
import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { Cell, CellDetail, CellTarget, Hold } from '../../api/types.gen';
import { board } from '../../model/board';
import { broughtBy, causesOf } from '../../model/cell';
import { lacksRole } from '../../model/permission';
import { releaseLook } from '../../model/release';
import { cellLooks } from '../../model/state';
import { href } from '../../router';
import { Actions } from '../../ui/actions';
import { DiagnosisCard } from '../../ui/diagnosis-card';
import { Dialog } from '../../ui/dialog';
import { GateList } from '../../ui/gate-list';
import { CopyIcon } from '../../ui/icons';
import { useShortcuts } from '../../ui/keys';
import { Mark } from '../../ui/mark';
import { Loading, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { copy } from '../../ui/toast';
import { When } from '../../ui/when';
import { versionOf } from '../board/cell';
import { cursor } from '../board/view';
import { ActDialog, actionsOf, type Ask } from './acts';
import { useCell } from './reading';
import { closeCell, shownCell, type CellPlace } from './shown';
import './cell.css';

const isNarrow = matchMedia('(max-width: 900px)');

/** Where the cell stands in the grid, the keyboard goes on. */
function returnToGrid({ stage, workload }: CellPlace): void {
  if (shownCell.peek()) return; // another one is open by now
  const column = board.stages.peek().findIndex(({ name }) => name === stage) + 1;
  const grid = document.querySelector<HTMLElement>('[role=grid]');
  if (!column || !grid) return;
  cursor.value = { row: workload, column };
  grid.focus();
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function State({ cell }: { cell: Cell }) {
  const look = cellLooks[cell.state];
  return (
    <p class="cell-state">
      <span class={`badge family-${look.family}`}>
        <Mark look={look} />
        {look.word}
      </span>
      {cell.since && (
        <span class="muted">
          for <When at={cell.since} as="for" />
        </span>
      )}
    </p>
  );
}

/** "It runs 1.1.0, since 14:02 (R-471 by mia)." */
function Headline({ detail }: { detail: CellDetail }) {
  const { version, wanted, release } = broughtBy(detail);
  const at = wanted || !version ? undefined : release?.finishedAt;
  return (
    <p class="cell-headline foreign">
      {version && (
        <>
          It runs <b class="mono">{versionOf({ version, isChart: detail.isChart })}</b>
        </>
      )}
      {version && wanted && '; '}
      {(wanted || !version) && (
        <>
          Git says <b class="mono">{versionOf(detail)}</b>
        </>
      )}
      {at && (
        <>
          , since <When at={at} as="moment" />
        </>
      )}
      {release && (
        <>
          {' '}
          (<a href={href(`/releases/${release.id}`)}>{release.name}</a> by {release.actor})
        </>
      )}
      .
    </p>
  );
}

/** Why it is as it is, where nothing else on the sheet says so. */
function Explanation({ cell, detail }: { cell: Cell; detail: CellDetail | null }) {
  const text = detail?.explanation ?? cell.summary;
  const isSaid = cell.state === 'healthy' || cell.state === 'held' || cell.diagnosis !== null || detail?.gates.some((gate) => gate.reason === text);
  return isSaid ? null : <p class="foreign">{text}</p>;
}

function Held({ hold, stage }: { hold: Hold; stage: string }) {
  return (
    <p class="with-mark hold-note">
      <Mark look={cellLooks.held} />
      <span class="foreign">
        {hold.workload ? 'Held' : `All of ${stage} is held`} by {hold.owner} since <When at={hold.createdAt} as="moment" />
        {hold.expiresAt && (
          <>
            {' '}
            until <When at={hold.expiresAt} as="moment" />
          </>
        )}
        : {hold.reason}
        {hold.rejected && ` It is not to get ${versionOf(hold.rejected)} again.`}
      </span>
    </p>
  );
}

function Next({ detail }: { detail: CellDetail }) {
  const { next, gates } = detail;
  const isSaid = gates.some((gate) => gate.reason === next?.blockedBy);
  return (
    <Section title="What comes next">
      {next ? (
        <p class="foreign">
          <b class="mono">{versionOf({ ...next.image, isChart: next.isChart })}</b> from {next.from}
          {isSaid ? '.' : next.blockedBy ? `: ${next.blockedBy}` : ' may come now.'}
        </p>
      ) : (
        <p class="muted foreign">{detail.state === 'healthy' ? detail.explanation : 'Nothing is on offer.'}</p>
      )}
      <GateList gates={gates} />
    </Section>
  );
}

/** "1.1.0, 2 of 2 pods ready"; of what does not run yet: "1.1.0 in Git, 0 of 2 new pods ready, 2 old ones serve". */
function PodWords({ target }: { target: CellTarget }) {
  const { running, wanted, ready = 0, oldReady } = target;
  return (
    <>
      <span class="mono">{versionOf(running ? { version: running, isChart: target.isChart } : target)}</span>
      {!running && ' in Git'}
      {wanted !== undefined && `, ${ready} of ${wanted} ${running ? '' : 'new '}pods ready`}
      {!running && oldReady ? `, ${oldReady} old ${oldReady === 1 ? 'one serves' : 'ones serve'}` : ''}
    </>
  );
}

function Places({ cell }: { cell: Cell }) {
  return (
    <Section title="Clusters">
      <ul class="plain cell-list">
        {cell.targets.map((target) => (
          <li key={target.cluster}>
            <Mark look={cellLooks[target.state]} />
            <b class="foreign">{target.cluster}</b>
            <span class="foreign">
              <PodWords target={target} />
              {!target.isReachable && target.reportedAt && (
                <>
                  , as of <When at={target.reportedAt} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Releases({ detail }: { detail: CellDetail }) {
  if (!detail.releases.length) return null;
  return (
    <Section title="Last releases">
      <ul class="plain cell-list">
        {detail.releases.map((release) => {
          const look = releaseLook(release);
          return (
            <li key={release.id}>
              <Mark look={look} />
              <a href={href(`/releases/${release.id}`)}>{release.name}</a>
              <span class="foreign">
                {look.word}, by {release.actor}
                {release.reason && <span class="muted"> · {release.reason}</span>}
              </span>
              <span class="spacer" />
              {release.createdAt && (
                <small class="muted">
                  <When at={release.createdAt} />
                </small>
              )}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Facts({ detail }: { detail: CellDetail }) {
  return (
    <Section title="In Git">
      <ul class="plain">
        {detail.places.map(({ cluster, container, file, line, image, blocked }) => (
          <li key={`${cluster} ${container} ${file} ${line}`} class="cell-place">
            <span class="mono foreign">
              {file}:{line}
            </span>
            <span class="mono foreign muted">
              {image.repository}
              {image.tag && `:${image.tag}`}
            </span>
            {image.digest && (
              <button type="button" class="button quiet mono" title={image.digest} onClick={() => void copy(image.digest!, 'Digest')}>
                {versionOf({ digest: image.digest })} <CopyIcon />
                <span class="unseen">: copy the whole digest</span>
              </button>
            )}
            {blocked && <span class="foreign">{blocked}</span>}
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface WholeProps {
  place: CellPlace;
  cell: Cell;
  detail: CellDetail | null;
  onAsk: (what: Ask) => void;
}

function Whole({ place, cell, detail, onAsk }: WholeProps) {
  const causes = causesOf(cell);
  return (
    <>
      <State cell={cell} />
      {detail && <Headline detail={detail} />}
      {causes.map(({ diagnosis, clusters }) => (
        <DiagnosisCard
          key={`${diagnosis.code} ${clusters[0]}`}
          diagnosis={diagnosis}
          isFailure={cell.state === 'failed'}
          where={clusters.join(', ')}
          actions={[{ text: `Roll back ${place.workload}`, kind: 'danger', obstacle: lacksRole('promote'), run: () => onAsk('roll back') }]}
        />
      ))}
      <Explanation cell={cell} detail={detail} />
      {cell.hold && <Held hold={cell.hold} stage={place.stage} />}
      {detail ? (
        <>
          <Actions list={actionsOf(place, detail, onAsk)} />
          <Next detail={detail} />
          <Places cell={cell} />
          <Releases detail={detail} />
          <Facts detail={detail} />
        </>
      ) : (
        <Loading>
          <div class="skeleton" />
        </Loading>
      )}
    </>
  );
}

function Drawer({ place }: { place: CellPlace }) {
  const { stage, workload } = place;
  const { detail, problem, again } = useCell(place);
  const [ask, setAsk] = useState<Ask | null>(null);
  useShortcuts([{ keys: 'Escape', does: 'Close what is open', run: closeCell }]);
  const cell = board.byName.value.get(workload)?.cells.find((one) => one?.peek().stage === stage)?.value ?? detail;
  return (
    <>
      <Dialog
        kind="sheet"
        class="cell-drawer"
        isModal={isNarrow.matches}
        title={
          <span class="foreign">
            {workload} <small class="muted">in {stage}</small>
          </span>
        }
        onClose={closeCell}
        onClosed={() => returnToGrid(place)}
      >
        {problem && !cell && <ProblemNotice what="It cannot be read" problem={problem} onRetry={again} />}
        {problem && cell && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={again} />}
        {cell && <Whole place={place} cell={cell} detail={detail} onAsk={setAsk} />}
      </Dialog>
      {ask && cell && <ActDialog place={place} cell={cell} ask={ask} onClose={() => setAsk(null)} onDone={again} />}
    </>
  );
}

export function CellDrawer({ place }: { place: CellPlace }) {
  return <Drawer key={`${place.stage}/${place.workload}`} place={place} />;
}
