/** A time, as people say it; the exact one in its title. */
import { zone } from '../model/preferences';
import { ago, clock, duration, exact, moment } from '../model/time';

interface Props {
  at: string;
  /** "3 min ago" (usual), "14:03", or "for 3 min". */
  as?: 'ago' | 'moment' | 'for';
}

export function When({ at, as = 'ago' }: Props) {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return null;
  const now = as === 'moment' ? Date.now() : clock.value;
  const text = as === 'for' ? duration(Math.max(0, now - time)) : as === 'ago' ? ago(time, now, zone.value) : moment(time, now, zone.value);
  return (
    <time dateTime={at} title={exact(time, zone.value)}>
      {text}
    </time>
  );
}
