/** A row for each workload and cluster: how far it is, in words and pods, and what took how long, on one scale. */
import type { Release, ReleaseItem } from '../../api/types.gen';
import { itemLooks, newVersionOf, progressOf, ticksOf, timelineOf, usualWords, type Timeline as Scale, type TimelineRow } from '../../model/release';
import { clock, duration } from '../../model/time';
import { href } from '../../router';
import { Mark } from '../../ui/mark';

const PIPS_MAX = 12;

/** A pod each, as long as they can be counted at a glance. */
function Pips({ ready, wanted }: { ready: number; wanted: number }) {
  if (!wanted || wanted > PIPS_MAX) return null;
  return (
    <span class="pips" aria-hidden="true">
      {Array.from({ length: wanted }, (_, at) => (
        <i key={at} class={at < ready ? 'on' : ''} />
      ))}
    </span>
  );
}

const percent = (value: number, scale: Scale) => `${((value / (scale.to - scale.from)) * 100).toFixed(2)}%`;

function tookWords({ item, bars }: TimelineRow): string {
  const pods = bars.find((bar) => bar.kind === 'pods');
  if (!bars.length || (item.state === 'done' && !pods)) return '';
  const ms = bars.at(-1)!.to - bars[0]!.from;
  return item.state === 'done' ? `in ${duration(ms)}` : `for ${duration(ms)}`;
}

function Row({ row, scale, release }: { row: TimelineRow; scale: Scale; release: Release }) {
  const { item, bars, usualMs } = row;
  const pods = bars.find((bar) => bar.kind === 'pods');
  const usualAt = pods && usualMs !== null ? pods.from + usualMs : null;
  const look = itemLooks[item.state];
  return (
    <li class={`timeline-row ${item.state}`}>
      <div class="timeline-name">
        <a class="foreign" href={href('/board', { cell: `${release.stage}/${item.workload}` })}>
          {item.workload}
        </a>
        <small class="muted foreign">
          {newVersionOf(item)} · {item.target}
        </small>
      </div>
      <div class="timeline-words">
        <Mark look={look} />
        <b>{look.word}</b>
        <span>{progressOf(item, release)}</span>
        <Pips ready={item.ready} wanted={item.wanted} />
        <span class="muted">{[tookWords(row), usualWords(row)].filter(Boolean).join(', ')}</span>
      </div>
      {bars.length > 0 && (
        <div class="timeline-bars" aria-hidden="true">
          {bars.map(({ kind, from, to, word }) => (
            <i key={kind} class={kind} title={`${word}: ${duration(to - from)}`} style={{ left: percent(from - scale.from, scale), width: percent(to - from, scale) }} />
          ))}
          {usualAt !== null && usualAt < scale.to && <i class="usual" title={`usually ${duration(usualMs!)}`} style={{ left: percent(usualAt - scale.from, scale) }} />}
        </div>
      )}
    </li>
  );
}

const wavesOf = (items: readonly ReleaseItem[]) => [...new Set(items.map((item) => item.wave))].sort((a, b) => a - b);

export function Timeline({ release }: { release: Release }) {
  const scale = timelineOf(release, release.isOver ? 0 : clock.value);
  const waves = wavesOf(release.items);
  const hasBegun = scale.rows.some((row) => row.bars.length);
  return (
    <section class="timeline" aria-label="Timeline">
      {hasBegun && (
        <div class="timeline-scale" aria-hidden="true">
          <div>
            {ticksOf(scale).map((at) => (
              <span key={at} style={{ left: percent(at, scale) }}>
                {at ? duration(at) : '0'}
              </span>
            ))}
          </div>
        </div>
      )}
      {waves.map((wave) => (
        <div key={wave}>
          {waves.length > 1 && (
            <h3>
              Wave {wave} of {waves.length}
            </h3>
          )}
          <ul class="plain">
            {scale.rows
              .filter(({ item }) => item.wave === wave)
              .map((row) => (
                <Row key={`${row.item.workload} ${row.item.target}`} row={row} scale={scale} release={release} />
              ))}
          </ul>
        </div>
      ))}
      {hasBegun && (
        <div class="timeline-legend muted" aria-hidden="true">
          <i class="git" /> commit <i class="sync" /> sync <i class="pods" /> new pods
          {scale.rows.some((row) => row.usualMs !== null) && (
            <>
              <i class="usual" /> usual time
            </>
          )}
        </div>
      )}
    </section>
  );
}
