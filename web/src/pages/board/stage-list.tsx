/** The Board where there is no room for a table: one stage, and its workloads as a list. */
import { useComputed } from '@preact/signals';
import type { Signal } from '@preact/signals';
import type { Cell } from '../../api/types.gen';
import { board, type Row } from '../../model/board';
import { silentClusters } from '../../model/clusters';
import { cellLooks, cellStates } from '../../model/state';
import { clock, duration } from '../../model/time';
import { Mark } from '../../ui/mark';
import { When } from '../../ui/when';
import { versionOf } from './cell';
import { chosenStage, chooseStage, items, stageCounts, tick, ticked, type Item } from './view';

function StageButton({ name, at }: { name: string; at: number }) {
  const counts = useComputed(() => stageCounts(at)).value;
  const worst = cellStates.find((state) => counts.has(state));
  const isQuiet = worst === undefined || worst === 'healthy';
  return (
    <button type="button" class="chip" aria-pressed={chosenStage.value === at} onClick={() => chooseStage(at)}>
      {!isQuiet && <Mark look={cellLooks[worst]} />}
      <span class="foreign">{name}</span>
      {!isQuiet && (
        <>
          <b aria-hidden="true">{counts.get(worst)}</b>
          <span class="unseen">
            : {counts.get(worst)} {cellLooks[worst].word.toLowerCase()}
          </span>
        </>
      )}
    </button>
  );
}

function Silence({ targets }: { targets: readonly string[] }) {
  const silent = targets.filter((target) => silentClusters.value.has(target));
  return (
    <>
      {silent.map((target) => {
        const since = silentClusters.value.get(target);
        return (
          <p key={target} class="silent foreign">
            {target}: {since ? `no data for ${duration(clock.value - Date.parse(since))}` : 'no data yet'}
          </p>
        );
      })}
    </>
  );
}

function State({ cell }: { cell: Signal<Cell> }) {
  const { state, since, summary, behind, ready, wanted } = cell.value;
  const pods = state === 'rolling_out' && wanted ? `, ${ready ?? 0} of ${wanted} ready` : '';
  return (
    <p class="state">
      <span class="muted">
        {cellLooks[state].word}
        {pods}
        {since && (
          <>
            {' '}
            for <When at={since} as="for" />
          </>
        )}
        {behind > 0 && `, ${behind} behind`}
      </span>
      {state !== 'healthy' && <span class="foreign">{summary}</span>}
    </p>
  );
}

function WorkloadItem({ row, cell, onOpen }: { row: Row; cell: Signal<Cell>; onOpen: (workload: string, stage: string) => void }) {
  const isTicked = useComputed(() => ticked.value.has(row.name)).value;
  return (
    <li class={isTicked ? 'ticked' : ''}>
      <input type="checkbox" aria-label={`Select ${row.name}`} checked={isTicked} onChange={() => tick(row.name)} />
      <Mark look={cellLooks[cell.value.state]} />
      <button type="button" class="name foreign" onClick={() => onOpen(row.name, cell.value.stage)}>
        {row.name}
      </button>
      <span class="version mono foreign">{versionOf(cell.value)}</span>
      <State cell={cell} />
    </li>
  );
}

function ItemView({ item, at, onOpen }: { item: Item; at: number; onOpen: (workload: string, stage: string) => void }) {
  if (item.kind === 'group') {
    return (
      <li class="group">
        <b class="foreign">{item.name}</b> <span class="muted">{item.count}</span>
      </li>
    );
  }
  const cell = item.row.cells[at];
  return cell ? <WorkloadItem row={item.row} cell={cell} onOpen={onOpen} /> : null;
}

export function StageList({ onOpen }: { onOpen: (workload: string, stage: string) => void }) {
  const at = chosenStage.value;
  const stage = board.stages.value[at];
  if (!stage) return null;
  const isAnyHere = items.value.some((item) => item.kind === 'row' && item.row.cells[at]);
  return (
    <div class="stage-list">
      <div class="stages" role="group" aria-label="Stage">
        {board.stages.value.map(({ name }, index) => (
          <StageButton key={name} name={name} at={index} />
        ))}
      </div>
      <Silence targets={stage.targets} />
      {!isAnyHere && items.value.length > 0 && <p class="muted">None of them is in {stage.name}.</p>}
      <ul aria-label={`Workloads in ${stage.name}`}>
        {items.value.map((item) => (
          <ItemView key={item.kind === 'row' ? item.row.name : `group ${item.name}`} item={item} at={at} onOpen={onOpen} />
        ))}
      </ul>
    </div>
  );
}
