/** Above the grid: the filter, how many there are of each state, and how rows are grouped. */
import { useRef } from 'preact/hooks';
import { cellLooks, type CellState } from '../../model/state';
import { setQuery } from '../../router';
import { useShortcuts } from '../../ui/keys';
import { Mark } from '../../ui/mark';
import { applyChanges, counts, filter, grouping, isOnlyDifferent, states, text, toggleState, type, waitingChanges } from './view';

/** Always there, so that nothing moves when one comes. */
const usual: readonly CellState[] = ['failed', 'stuck', 'needs_approval', 'waiting', 'rolling_out', 'held'];
const rare: readonly CellState[] = ['missing', 'unreachable', 'no_data'];

function StateChip({ state }: { state: CellState }) {
  const count = counts.value.get(state) ?? 0;
  return (
    <button type="button" class={`chip${count ? '' : ' none'}`} aria-pressed={states.value.has(state)} onClick={() => toggleState(state)}>
      <Mark look={cellLooks[state]} />
      {cellLooks[state].word} <b>{count}</b>
    </button>
  );
}

export function Toolbar() {
  const field = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', does: 'Filter', run: () => field.current?.focus() }]);
  const chips = [...usual, ...rare.filter((state) => counts.value.get(state) || states.value.has(state))];
  const problem = filter.value.problem;
  return (
    <div class="toolbar">
      <div class="filter">
        <input
          ref={field}
          type="search"
          class="field"
          aria-label="Filter workloads"
          aria-keyshortcuts="/"
          aria-describedby={problem ? 'filter-problem' : undefined}
          placeholder="Filter: cart  state:stuck  behind:>2"
          autocomplete="off"
          spellcheck={false}
          value={text.value}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.preventDefault();
            if (text.value) type('');
            else event.currentTarget.blur();
          }}
        />
        {!text.value && <kbd aria-hidden="true">/</kbd>}
      </div>
      <div class="chips" role="group" aria-label="States">
        {chips.map((state) => (
          <StateChip key={state} state={state} />
        ))}
      </div>
      <div class="views">
        {waitingChanges.value > 0 && (
          <button type="button" class="button" onClick={applyChanges}>
            {waitingChanges.value} {waitingChanges.value === 1 ? 'change' : 'changes'}: apply
          </button>
        )}
        <label class="labelled check">
          <input
            type="checkbox"
            checked={isOnlyDifferent.value}
            onChange={(event) => setQuery({ only: event.currentTarget.checked ? 'different' : null }, 'push')}
          />
          Only differences
        </label>
        <label class="labelled">
          Group
          <select class="field" value={grouping.value} onChange={(event) => setQuery({ group: event.currentTarget.value || null }, 'push')}>
            <option value="">none</option>
            <option value="namespace">namespace</option>
            <option value="kind">kind</option>
          </select>
        </label>
      </div>
      {problem && (
        <p id="filter-problem" class="filter-problem" role="status">
          {problem}
        </p>
      )}
    </div>
  );
}
