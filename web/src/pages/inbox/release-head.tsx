/** A release in a line: its state, its name, where it goes, who asked for it and when. */
import type { ReleaseRow } from '../../api/types.gen';
import { cellLooks, phaseLooks } from '../../model/state';
import { href } from '../../router';
import { Mark } from '../../ui/mark';
import { When } from '../../ui/when';

const SHOWN = 3;

function named(workloads: readonly string[]): string {
  const more = workloads.length - SHOWN;
  return workloads.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

export function ReleaseHead({ row }: { row: ReleaseRow }) {
  const look = row.isStuck ? cellLooks.stuck : phaseLooks[row.phase];
  return (
    <div class="release-head">
      <Mark look={look} />
      <a href={href(`/releases/${row.id}`)}>{row.name}</a>
      <span class="foreign">
        <b>{named(row.workloads)}</b> to <b>{row.stage}</b>
      </span>
      <span>{look.word}</span>
      <span class="spacer" />
      <span class="muted foreign">
        by {row.actor} {row.createdAt && <When at={row.createdAt} />}
      </span>
    </div>
  );
}
