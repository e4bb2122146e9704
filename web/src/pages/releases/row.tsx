/** One release in the list: what it brought where, by whom, and how long it took and lasted. */
import type { Signal } from '@preact/signals';
import type { ReleaseRow } from '../../api/types.gen';
import { releaseLook } from '../../model/release';
import { duration } from '../../model/time';
import { href } from '../../router';
import { Mark } from '../../ui/mark';
import { When } from '../../ui/when';
import { kindWords } from './query';

const SHOWN = 3;

/** "Automatic", "Rollback of R-5". */
function kindOf(row: ReleaseRow) {
  if (!row.rollbackOf) return kindWords[row.kind];
  return (
    <>
      Rollback of <a href={href(`/releases/${row.rollbackOf}`)}>R-{row.rollbackOf}</a>
    </>
  );
}

function Versions({ row }: { row: ReleaseRow }) {
  const more = row.versions.length - SHOWN;
  return (
    <ul class="brought">
      {row.versions.slice(0, SHOWN).map(({ workload, from, to, isChart }) => (
        <li key={workload} class="foreign">
          {workload}{' '}
          {to && (
            <span class="mono">
              {isChart && 'chart '}
              {from && from !== to && <span class="muted">{from} → </span>}
              {to}
            </span>
          )}
        </li>
      ))}
      {more > 0 && <li class="muted">and {more} more</li>}
    </ul>
  );
}

/** While it is on its way, or when it ended badly, why; else what its author said. */
function sentenceOf(row: ReleaseRow): string {
  return row.phase === 'done' ? row.reason : row.why;
}

function Took({ row }: { row: ReleaseRow }) {
  if (!row.createdAt) return null;
  if (!row.finishedAt) return <When at={row.createdAt} as="for" />;
  return <>{duration(Date.parse(row.finishedAt) - Date.parse(row.createdAt))}</>;
}

function Lived({ row }: { row: ReleaseRow }) {
  if (row.phase !== 'done' || !row.finishedAt) return null;
  if (row.liveUntil) return <>{duration(Date.parse(row.liveUntil) - Date.parse(row.finishedAt))}</>;
  return (
    <span class="live">
      <Mark look={{ shape: 'dot', family: 'ok' }} />
      <When at={row.finishedAt} as="for" />
      <span class="unseen"> and still live</span>
    </span>
  );
}

export function Row({ release }: { release: Signal<ReleaseRow> }) {
  const row = release.value;
  const look = releaseLook(row);
  const sentence = sentenceOf(row);
  return (
    <tr role="row" class={row.isOver ? undefined : 'active'}>
      <td role="cell" class="phase">
        <Mark look={look} /> {look.word}
      </td>
      <th role="rowheader" scope="row" class="name">
        <a class="row-link" href={href(`/releases/${row.id}`)}>
          {row.name}
        </a>
      </th>
      <td role="cell" class="kind muted">{kindOf(row)}</td>
      <td role="cell" class="what">
        <Versions row={row} />
        {sentence && <span class="muted foreign sentence">{sentence}</span>}
      </td>
      <td role="cell" class="way foreign">
        {row.from && row.from !== row.stage && <span class="muted">{row.from} → </span>}
        {row.stage}
      </td>
      <td role="cell" class="who">
        <span class="foreign">{row.actor}</span>
        {row.approvedBy.length > 0 && <span class="muted foreign approved">approved by {row.approvedBy.join(', ')}</span>}
      </td>
      <td role="cell" class="when">{row.createdAt && <When at={row.createdAt} />}</td>
      <td role="cell" class="took" data-label="took">
        <Took row={row} />
      </td>
      <td role="cell" class="lived" data-label={row.phase === 'done' ? 'live for' : undefined}>
        <Lived row={row} />
      </td>
    </tr>
  );
}
