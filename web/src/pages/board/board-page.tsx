/** The Board: every workload in every stage, live. */
import { useEffect } from 'preact/hooks';
import { me } from '../../api/session';
import { board, boardProblem, readBoard } from '../../model/board';
import { cellLooks, needsSomeone, type CellState } from '../../model/state';
import { on } from '../../live/live';
import { isNarrow } from '../../model/width';
import type { Cell } from '../../api/types.gen';
import { announce } from '../../ui/announce';
import { useShortcuts, type Shortcut } from '../../ui/keys';
import { lazily } from '../../ui/lazy';
import { Loading, Notice, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { openCell, shownCell } from '../cell/shown';
import { Grid } from './grid';
import { ReadingLine } from './reading-line';
import { StageList } from './stage-list';
import { SelectionBar } from './selection-bar';
import { Toolbar } from './toolbar';
import { clearFilters, counts, shown, text } from './view';
import './board.css';

const CellDrawer = lazily(() => import('../cell/cell-drawer').then((module) => module.CellDrawer));

function Skeleton() {
  return (
    <div class="skeleton-rows" aria-hidden="true">
      {[0, 1, 2, 3, 4, 5, 6, 7].map((at) => (
        <div key={at}>
          <div class="skeleton" style={{ width: `${90 + ((at * 37) % 70)}px` }} />
          <div class="skeleton" />
          <div class="skeleton" />
          <div class="skeleton" />
        </div>
      ))}
    </div>
  );
}

function Empty() {
  const server = me.value?.server;
  return (
    <Notice title="No workloads yet">
      <p>
        heddle shows what your Git repository deploys: put a <code>heddle.yaml</code> and manifests on{' '}
        <code class="foreign">{server?.branch}</code> of <code class="foreign">{server?.repository}</code>, and they are here within seconds.
      </p>
      <p>
        To see a board that is full, run <code>heddle demo</code>.
      </p>
    </Notice>
  );
}

function NothingFound() {
  return (
    <Notice
      title="No workload matches"
      actions={
        <button class="button" onClick={clearFilters}>
          Clear the filter
        </button>
      }
    >
      {text.value && <code class="foreign">{text.value}</code>}
    </Notice>
  );
}

/** What happens is said, too. */
function useVoice() {
  useEffect(
    () =>
      on('cell', (data) => {
        const { workload, cell } = data as { workload: string; cell: Cell };
        if (needsSomeone(cell.state) || cell.state === 'healthy') {
          const { word } = cellLooks[cell.state];
          announce(`${workload}/${cell.stage}`, `${workload} in ${cell.stage}: ${word}.`, { of: 'workloads', as: word.toLowerCase() });
        }
      }),
    [],
  );
}

/** The grid's own keys, for the list; it hears them itself, where the cursor is. */
const gridShortcuts: Shortcut[] = [
  { keys: '← ↑ ↓ →', does: 'Walk in the grid (also h j k l)', run: () => {} },
  { keys: '↵', does: 'Open the cell: why it is as it is, and what can be done', run: () => {} },
  { keys: 'x', does: 'Select the row; with Shift, all up to it', run: () => {} },
  { keys: 'Ctrl A', does: 'Select all that are shown', run: () => {} },
];

function useTitle() {
  const urgent = (['failed', 'stuck'] as CellState[]).reduce((sum, state) => sum + (counts.value.get(state) ?? 0), 0);
  useEffect(() => {
    document.title = `${urgent ? `▲ ${urgent} · ` : ''}Board · heddle`;
  }, [urgent]);
}

export function BoardPage() {
  useVoice();
  useTitle();
  useShortcuts(gridShortcuts);
  const problem = boardProblem.value;
  const retry = () => void readBoard();
  if (!board.isLoaded.value) {
    if (problem) return <ProblemNotice what="The board cannot be read" problem={problem} onRetry={retry} />;
    return (
      <Loading>
        <Skeleton />
      </Loading>
    );
  }
  return (
    <div class={`board ${shownCell.value ? 'beside' : ''}`}>
      <h1 class="unseen">Board</h1>
      {problem && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={retry} />}
      {board.rows.value.length ? (
        <>
          <Toolbar />
          <div class="panel">
            {isNarrow.value ? <StageList onOpen={openCell} /> : <Grid onOpen={openCell} />}
            {!shown.value.length && <NothingFound />}
            {!isNarrow.value && <ReadingLine />}
          </div>
          <SelectionBar />
        </>
      ) : (
        <Empty />
      )}
      {shownCell.value && <CellDrawer place={shownCell.value} />}
    </div>
  );
}
