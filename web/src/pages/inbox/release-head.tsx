/** A release in a line: its state, its name, where it goes, who asked for it and when. */
import type { ReleaseRow } from '../../api/types.gen';
import { listed, releaseLook } from '../../model/release';
import { href } from '../../router';
import { Mark } from '../../ui/mark';
import { When } from '../../ui/when';

export function ReleaseHead({ row }: { row: ReleaseRow }) {
  const look = releaseLook(row);
  return (
    <div class="release-head">
      <Mark look={look} />
      <a href={href(`/releases/${row.id}`)}>{row.name}</a>
      <span class="foreign">
        <b>{listed(row.workloads)}</b> to <b>{row.stage}</b>
      </span>
      <span>{look.word}</span>
      <span class="spacer" />
      <span class="muted foreign">
        by {row.actor} {row.createdAt && <When at={row.createdAt} />}
      </span>
    </div>
  );
}
