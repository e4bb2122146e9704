/** A commit, and how far behind Git a cluster is. */
import type { Cluster } from '../../api/types.gen';
import { CopyIcon } from '../../ui/icons';
import { copy } from '../../ui/toast';

const SHOWN = 7;

export function Revision({ commit }: { commit: string | undefined }) {
  if (!commit) return <>nothing yet</>;
  return (
    <button type="button" class="digest mono" title={commit} onClick={() => void copy(commit, 'Commit')}>
      {commit.slice(0, SHOWN)} <CopyIcon />
      <span class="unseen">: copy the whole commit</span>
    </button>
  );
}

export function lagOf({ appliedCommit, behind }: Pick<Cluster, 'appliedCommit' | 'behind'>): string {
  if (!appliedCommit || behind === undefined) return 'Nothing is applied yet';
  if (behind < 0) return 'Applied a commit that the branch does not have';
  if (behind === 0) return 'Up to date with Git';
  return `${behind} ${behind === 1 ? 'commit' : 'commits'} behind Git`;
}
