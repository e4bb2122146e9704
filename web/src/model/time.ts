/** Times for people: how long ago within a day, else when; and a clock that lets them go on. */
import { signal } from '@preact/signals';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The time now, to the second; what shows ages reads it. */
export const clock = signal(Date.now());

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) clock.value = Date.now();
  }, SECOND);
  document.addEventListener('visibilitychange', () => (clock.value = Date.now()));
}

/** "8 s", "3 min", "2 h 5 min", "4 d": the two largest units, of which the second only where it tells. */
export function duration(ms: number): string {
  if (!(ms >= 0)) return '0 s';
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < 10 * MINUTE) return pair(ms, MINUTE, 'min', SECOND, 's');
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 10 * HOUR) return pair(ms, HOUR, 'h', MINUTE, 'min');
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  if (ms < 10 * DAY) return pair(ms, DAY, 'd', HOUR, 'h');
  return `${Math.floor(ms / DAY)} d`;
}

function pair(ms: number, large: number, largeWord: string, small: number, smallWord: string): string {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms % large) / small);
  return rest ? `${whole} ${largeWord} ${rest} ${smallWord}` : `${whole} ${largeWord}`;
}

export type Zone = 'local' | 'utc';

/** "14:03" today, "Tue 14:03" within a week, else "3 Mar 2026, 14:03"; with seconds where things follow fast. */
export function moment(time: number, now: number, zone: Zone, second?: '2-digit'): string {
  const timeZone = zone === 'utc' ? 'UTC' : undefined;
  const at = new Date(time).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second, timeZone });
  const day = (value: number) => new Date(value).toLocaleDateString('en-CA', { timeZone });
  if (day(time) === day(now)) return at;
  if (Math.abs(now - time) < 6 * DAY) {
    return `${new Date(time).toLocaleDateString('en-GB', { weekday: 'short', timeZone })} ${at}`;
  }
  return `${new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone })}, ${at}`;
}

/** To the second and with the zone, for titles. */
export function exact(time: number, zone: Zone): string {
  return new Date(time).toLocaleString('en-GB', {
    weekday: 'short', day: 'numeric', month: 'short', year: 'numeric',
    hour: '2-digit', minute: '2-digit', second: '2-digit',
    timeZone: zone === 'utc' ? 'UTC' : undefined, timeZoneName: 'short',
  });
}

/** "3 min ago" within a day, else when it was. */
export function ago(time: number, now: number, zone: Zone): string {
  const age = now - time;
  if (age < 5 * SECOND) return 'just now';
  return age < DAY ? `${duration(age < MINUTE ? age : age - (age % MINUTE))} ago` : moment(time, now, zone);
}

/** "<1h", "30m", "2d" as milliseconds; null when it is none. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+)(s|m|min|h|d)$/.exec(text);
  if (!match) return null;
  const unit = { s: SECOND, m: MINUTE, min: MINUTE, h: HOUR, d: DAY }[match[2] as 's' | 'm' | 'min' | 'h' | 'd'];
  return Number(match[1]) * unit;
}
