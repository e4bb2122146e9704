/** What this browser keeps of your taste; it holds at once, in every tab. */
import type { Signal } from '@preact/signals';
import { density, singleKeys, theme, zone } from '../../model/preferences';
import { clock, exact, type Zone } from '../../model/time';

interface Props<Value extends string> {
  legend: string;
  name: string;
  choice: Signal<Value>;
  options: readonly (readonly [value: Value, label: string])[];
}

function Choice<Value extends string>({ legend, name, choice, options }: Props<Value>) {
  return (
    <fieldset class="setting">
      <legend>{legend}</legend>
      <div class="segments">
        {options.map(([value, label]) => (
          <label key={value}>
            <input type="radio" name={name} value={value} checked={choice.value === value} onChange={() => (choice.value = value)} />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** "Local: Europe/Zurich" */
const localZone = () => `Local: ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;

const zones = (): readonly (readonly [Zone, string])[] => [['local', localZone()], ['utc', 'UTC']];

export function Likes() {
  return (
    <div class="card">
      <Choice legend="Theme" name="theme" choice={theme} options={[['system', 'Like the system'], ['light', 'Light'], ['dark', 'Dark']]} />
      <Choice
        legend="Rows of the Board"
        name="density"
        choice={density}
        options={[['comfortable', 'Comfortable'], ['compact', 'Compact'], ['dense', 'Dense']]}
      />
      <Choice legend="Times" name="zone" choice={zone} options={zones()} />
      <p class="muted hint">Now it is {exact(clock.value, zone.value)}.</p>
      <div class="setting">
        <span id="single-keys">Shortcuts of a single letter</span>
        <label class="labelled switch">
          <input
            type="checkbox"
            aria-labelledby="single-keys"
            aria-describedby="single-keys-help"
            checked={singleKeys.value === 'on'}
            onChange={(event) => (singleKeys.value = event.currentTarget.checked ? 'on' : 'off')}
          />
          {singleKeys.value === 'on' ? 'On' : 'Off'}
        </label>
      </div>
      <p id="single-keys-help" class="muted hint">
        Off, <kbd>Ctrl K</kbd> still finds everything. Turn them off when you speak to your computer, or type with an input method.
      </p>
    </div>
  );
}
