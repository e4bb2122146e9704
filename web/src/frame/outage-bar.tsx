/** What the server cannot reach, and what that means for what you see. */
import { zone } from '../model/preferences';
import { outages, type Outage } from '../model/outages';
import { clock, moment } from '../model/time';
import { Mark } from '../ui/mark';

const time = (text: string) => moment(Date.parse(text), clock.value, zone.value);

function headline({ kind, name, since, until }: Outage): string {
  if (until) return `${name} has asked to wait until ${time(until)}: it gets too many requests.`;
  const what = { git: `The config repository ${name}`, host: `The API of the Git host of ${name}`, registry: name }[kind];
  return `${what} has been out of reach since ${time(since)}.`;
}

const meaning = {
  git: 'What you see of Git is from before, and promotions wait.',
  host: 'Pull requests and statuses wait.',
  registry: 'New versions in it are not seen meanwhile.',
};

export function OutageBars() {
  return (
    <div role="status">
      {outages.value.map((outage) => (
        <div key={`${outage.kind} ${outage.name}`} class="banner">
          <Mark look={{ shape: 'triangle', family: 'attention' }} />
          <span class="foreign">
            {headline(outage)} {meaning[outage.kind]}
            {!outage.until && <span class="muted"> {outage.problem}</span>}
          </span>
        </div>
      ))}
    </div>
  );
}
