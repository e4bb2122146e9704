/** What is ticked, where it would go, and what that would change. */
import { computed, signal } from '@preact/signals';
import { board, type Row, type Stage } from '../../model/board';
import { identity } from '../../model/thread';
import { CopyIcon } from '../../ui/icons';
import { useShortcuts } from '../../ui/keys';
import { copy } from '../../ui/toast';
import { openPromote } from '../promote/wish';
import { cursor, ticked, untick } from './view';

/** "" : what fits best. */
const chosenTarget = signal('');

const tickedRows = computed(() => board.rows.value.filter((row) => ticked.value.has(row.name)));

/** After the column where the cursor is; else the first stage that waits for people. */
function usualTarget(stages: readonly Stage[]): Stage | undefined {
  const here = cursor.value ? stages[cursor.value.column - 1] : undefined;
  const next = here && stages.find((stage) => stage.from.includes(here.name));
  return next ?? stages.find((stage) => !stage.automatic) ?? stages.at(-1);
}

const target = computed(() => board.stages.value.find((stage) => stage.name === chosenTarget.value) ?? usualTarget(board.stages.value));

function versionIn(row: Row, stage: string | undefined): string | null {
  if (stage === undefined) return identity(row.newest.value);
  const cell = row.cells.find((one) => one?.value.stage === stage)?.value;
  return cell ? identity(cell) : null;
}

function effect(rows: readonly Row[], from: string | undefined, to: string): string {
  let changes = 0;
  let same = 0;
  let absent = 0;
  for (const row of rows) {
    const before = versionIn(row, to);
    const after = versionIn(row, from);
    if (before === null || after === null) absent++;
    else if (before === after) same++;
    else changes++;
  }
  const parts = [`${changes} ${changes === 1 ? 'version changes' : 'versions change'}`];
  if (same) parts.push(`${same} up to date`);
  if (absent) parts.push(`${absent} not there`);
  return parts.join(' · ');
}

const quoted = (word: string) => (/^[\w.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** The same on the command line. */
export function promoteCommand(names: readonly string[], to: string, from?: string): string {
  return ['heddle promote', ...names.map(quoted), ...(from ? ['--from', quoted(from)] : []), '--to', quoted(to)].join(' ');
}

/** What is ticked; else the row where the cursor is. */
function promoteSelected(): void {
  const names = tickedRows.value.map((row) => row.name);
  const workloads = names.length || !cursor.value ? names : [cursor.value.row];
  if (workloads.length && target.value) openPromote({ to: target.value.name, from: target.value.from[0] ?? 'registry', workloads });
}

export function SelectionBar() {
  useShortcuts([
    { keys: 'Escape', does: 'Clear the selection', run: untick },
    { keys: 'p', does: 'Promote what is selected, or the row where you are', run: promoteSelected },
  ]);
  const rows = tickedRows.value;
  const to = target.value;
  if (!rows.length || !to) return null;
  const from = to.from[0];
  const command = promoteCommand(rows.map((row) => row.name), to.name, from);
  return (
    <div class="selection" role="region" aria-label="Selection">
      <b>{rows.length} selected</b>
      <label class="labelled mono">
        {from ?? 'registry'} →
        <select class="field" aria-label="Promote to" value={to.name} onChange={(event) => (chosenTarget.value = event.currentTarget.value)}>
          {board.stages.value.map((stage) => (
            <option key={stage.name} value={stage.name}>
              {stage.name}
            </option>
          ))}
        </select>
      </label>
      <span>{effect(rows, from, to.name)}</span>
      <span class="spacer" />
      <button type="button" class="button quiet" onClick={untick}>
        Clear
      </button>
      <button type="button" class="button quiet" onClick={() => void copy(command, 'Command')}>
        <CopyIcon />
        Copy as command
      </button>
      <button type="button" class="button primary" aria-keyshortcuts="p" onClick={promoteSelected}>
        Promote selected ({rows.length})
      </button>
    </div>
  );
}
