/** A time, as people say it; the exact one in its title. */
import { zone } from '../model/preferences';
import { ago, clock, duration, exact, moment } from '../model/time';

interface Props {
  at: string;
  /** "3 min ago" (usual), "14:03", "14:03:21", or "3 min". */
  as?: 'ago' | 'moment' | 'second' | 'for';
}

function textOf(time: number, as: Props['as']): string {
  switch (as) {
    case 'for':
      return duration(Math.max(0, clock.value - time));
    case 'moment':
      return moment(time, Date.now(), zone.value);
    case 'second':
      return moment(time, Date.now(), zone.value, '2-digit');
    default:
      return ago(time, clock.value, zone.value);
  }
}

export function When({ at, as = 'ago' }: Props) {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return null;
  const text = textOf(time, as);
  return (
    <time dateTime={at} title={exact(time, zone.value)}>
      {text}
    </time>
  );
}
