/** How live what you see is, honestly. */
import { useEffect } from 'preact/hooks';
import { loadSession } from '../api/session';
import { connection, retryNow } from '../live/live';
import { zone } from '../model/preferences';
import { clock, moment } from '../model/time';
import { Mark } from '../ui/mark';

/** Shorter than this is a hiccup. */
const STALE_MS = 10_000;

export function isStale(): boolean {
  const status = connection.value;
  return status.kind === 'lost' && clock.value - status.since > STALE_MS;
}

function since(): string {
  const status = connection.value;
  return status.kind === 'lost' ? moment(status.since, clock.value, zone.value) : '';
}

export function ConnectionPill() {
  const status = connection.value;
  useEffect(() => {
    if (status.kind === 'refused') void loadSession();
  }, [status.kind]);
  const isLive = status.kind === 'live';
  const words = isLive ? 'Live' : isStale() ? `Stale since ${since()}` : status.kind === 'connecting' ? 'Connecting…' : 'Reconnecting…';
  return (
    <div class={`connection ${status.kind}`} role="status">
      <Mark look={isLive ? { shape: 'dot', family: 'ok' } : { shape: 'dashed', family: isStale() ? 'attention' : 'neutral' }} />
      <span>{words}</span>
    </div>
  );
}

export function StaleBar() {
  if (!isStale()) return null;
  const status = connection.value;
  return (
    <div class="banner">
      <Mark look={{ shape: 'triangle', family: 'attention' }} />
      <span>
        What you see is as of {since()}. {status.kind === 'lost' && status.problem}
      </span>
      <span class="spacer" />
      <button class="button" onClick={retryNow}>
        Try now
      </button>
    </div>
  );
}
