/** What goes, from which version to which, and what is left out and why. */
import { isChart } from '../../model/release';
import { versionOf } from '../board/cell';
import type { Move, PlanRow } from './plan';

function Versions({ move, isPlaceShown, isContainerShown }: { move: Move; isPlaceShown: boolean; isContainerShown: boolean }) {
  return (
    <div class="move">
      <span class="mono foreign">
        {versionOf(move.from)} <span aria-hidden="true">→</span>
        <span class="unseen">becomes</span> <b>{versionOf(move.to)}</b>
      </span>
      {move.isOlder && <span class="tag">backward</span>}
      {(isPlaceShown || isContainerShown) && (
        <small class="muted foreign">
          {isContainerShown && move.container}
          {isContainerShown && isPlaceShown && ' · '}
          {isPlaceShown && move.targets.join(', ')}
        </small>
      )}
      {move.notes.map((note) => (
        <small key={note} class="muted foreign note">
          {note}
        </small>
      ))}
    </div>
  );
}

interface RowProps {
  row: PlanRow;
  isTicked: boolean;
  isNews: boolean;
  onTick: () => void;
}

function Row({ row, isTicked, isNews, onTick }: RowProps) {
  const isMoving = row.moves.length > 0;
  const containers = new Set(row.moves.map((move) => move.container));
  const isPlaceShown = row.moves.length > containers.size || row.skips.length > 0;
  return (
    <tr class={`${isMoving ? '' : 'skipped'}${isNews ? ' news' : ''}`}>
      <td class="tick">
        {isMoving && <input type="checkbox" aria-label={`Promote ${row.workload}`} checked={isTicked} onChange={onTick} />}
      </td>
      <th scope="row" class="foreign">
        {row.workload}
        {isNews && <span class="tag">changed</span>}
      </th>
      <td>
        {row.moves.map((move) => (
          <Versions key={`${move.container} ${move.targets[0]}`} move={move} isPlaceShown={isPlaceShown} isContainerShown={containers.size > 1 || isChart(move)} />
        ))}
        {row.skips.map((skip) => (
          <div key={skip.reason} class="muted foreign">
            {isMoving && `${skip.targets.join(', ')}: `}
            {skip.reason}
          </div>
        ))}
      </td>
    </tr>
  );
}

interface Props {
  rows: readonly PlanRow[];
  unticked: ReadonlySet<string>;
  news: ReadonlySet<string>;
  onTick: (workload: string) => void;
}

export function WorkloadTable({ rows, unticked, news, onTick }: Props) {
  return (
    <table class="plan-rows">
      <thead class="unseen">
        <tr>
          <th scope="col">Promote</th>
          <th scope="col">Workload</th>
          <th scope="col">What happens</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.workload} row={row} isTicked={!unticked.has(row.workload)} isNews={news.has(row.workload)} onTick={() => onTick(row.workload)} />
        ))}
      </tbody>
    </table>
  );
}
