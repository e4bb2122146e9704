/** Below the grid: one sentence about the cell in question, and what the threads mean. */
import { board } from '../../model/board';
import { cellLooks } from '../../model/state';
import { Mark } from '../../ui/mark';
import { When } from '../../ui/when';
import { versionOf } from './cell';
import { reading } from './view';

function Sentence() {
  const spot = reading.value;
  const row = spot && board.byName.value.get(spot.row);
  if (!spot || !row) return <span class="muted">Point at a cell, or walk there with the arrows, to read why it is as it is.</span>;
  if (spot.column === 0) {
    const newest = row.newest.value;
    return (
      <span class="foreign">
        <b>{row.name}</b>: {newest ? `${versionOf(newest)} is the newest version of ${newest.repository} that counts.` : 'no version is known yet.'}
      </span>
    );
  }
  const cell = row.cells[spot.column - 1]?.value;
  if (!cell) return null;
  const look = cellLooks[cell.state];
  return (
    <>
      <Mark look={look} />
      <span class="foreign">
        <b>{row.name}</b> in <b>{cell.stage}</b>: {look.word.toLowerCase()}
        {cell.since && (
          <>
            {' '}
            for <When at={cell.since} as="for" />
          </>
        )}
        . {cell.summary}
        {cell.behind > 0 && ` ${cell.behind} ${cell.behind === 1 ? 'version' : 'versions'} behind the newest.`}
      </span>
    </>
  );
}

export function ReadingLine() {
  return (
    <footer class="reading">
      <div id="reading" class="sentence">
        <Sentence />
      </div>
      <div class="legend" aria-hidden="true">
        <i class="thread fresh" /> newest <i class="thread" /> older <i class="thread loose fresh" /> on its way
      </div>
    </footer>
  );
}
