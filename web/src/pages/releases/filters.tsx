/** Above the list: what is looked for. */
import { useRef } from 'preact/hooks';
import { me } from '../../api/session';
import { board } from '../../model/board';
import { cellLooks, phaseLooks, type Look } from '../../model/state';
import { setQuery } from '../../router';
import { useShortcuts } from '../../ui/keys';
import { Mark } from '../../ui/mark';
import { ExportMenu } from './export-menu';
import { kindWords, type Outcome } from './query';
import { people, query, text, type } from './view';

const outcomes: readonly [Outcome, Look][] = [
  ['active', { ...phaseLooks.rolling_out, word: 'Under way' }],
  ['needs_approval', phaseLooks.needs_approval],
  ['stuck', cellLooks.stuck],
  ['failed', phaseLooks.failed],
  ['done', phaseLooks.done],
  ['rolled_back', phaseLooks.rolled_back],
  ['stopped', phaseLooks.stopped],
  ['superseded', phaseLooks.superseded],
];

const times = [['', 'Any time'], ['1h', 'Last hour'], ['1d', 'Last 24 hours'], ['7d', 'Last 7 days'], ['30d', 'Last 30 days'], ['90d', 'Last 90 days']] as const;

interface ChoiceProps {
  label: string;
  name: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
}

/** A value of the address that is none of the usual ones can be seen, too. */
function Choice({ label, name, value, options }: ChoiceProps) {
  const all = options.some(([one]) => one === value) ? options : [...options, [value, value] as const];
  return (
    <select
      class={`field choice${value ? ' chosen' : ''}`}
      aria-label={label}
      value={value}
      onChange={(event) => setQuery({ [name]: event.currentTarget.value || null }, 'push')}
    >
      {all.map(([one, words]) => (
        <option key={one} value={one}>
          {words}
        </option>
      ))}
    </select>
  );
}

const same = (names: readonly string[]) => names.map((name) => [name, name] as const);

function Search() {
  const field = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', does: 'Search releases', run: () => field.current?.focus() }]);
  return (
    <div class="filter">
      <input
        ref={field}
        type="search"
        class="field"
        aria-label="Search releases"
        aria-keyshortcuts="/"
        placeholder="Workload, version, reason, R-7"
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
  );
}

export function Filters() {
  const { workload, stage, actor, kind, state, since } = query.value;
  const you = me.value?.name ?? '';
  const who = [['', 'Anyone'], [you, `${you} (you)`], ...same(people.value)] as const;
  return (
    <div class="release-filters" role="search" aria-label="Releases">
      <Search />
      <Choice label="Workload" name="workload" value={workload} options={[['', 'Any workload'], ...same(board.rows.value.map((row) => row.name))]} />
      <Choice label="Stage" name="stage" value={stage} options={[['', 'Any stage'], ...same(board.stages.value.map((one) => one.name))]} />
      <Choice label="Who" name="who" value={actor} options={who} />
      <Choice label="Kind" name="kind" value={kind} options={[['', 'Any kind'], ...Object.entries(kindWords)]} />
      <Choice label="Time" name="since" value={since} options={times} />
      <span class="spacer" />
      <ExportMenu />
      <div class="chips" role="group" aria-label="Outcome">
        {outcomes.map(([outcome, look]) => (
          <button
            key={outcome}
            type="button"
            class="chip"
            aria-pressed={state === outcome}
            onClick={() => setQuery({ state: state === outcome ? null : outcome }, 'push')}
          >
            <Mark look={look} />
            {look.word}
          </button>
        ))}
      </div>
    </div>
  );
}
