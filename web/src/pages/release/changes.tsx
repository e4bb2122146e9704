/** The tab Changes: versions, and the exact Git diff. */
import type { Release } from '../../api/types.gen';
import { Diff } from '../../ui/diff';
import { Loading, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { Moves } from './moves';
import { useDiff } from './reading';

export function Changes({ release }: { release: Release }) {
  const { answer: diff, problem, again } = useDiff(release);
  const isPlan = !release.commits.length;
  return (
    <div class="progress">
      <Moves items={release.items} />
      <section aria-label="Git diff">
        <h3>
          In Git{' '}
          <small class="muted">
            {isPlan && !release.isOver ? 'as it would be committed' : release.commits.map((commit) => commit.slice(0, 7)).join(', ')}
          </small>
        </h3>
        {problem && diff === null && <ProblemNotice what="The diff cannot be read" problem={problem} onRetry={again} />}
        {problem && diff !== null && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={again} />}
        {diff === null && !problem && (
          <Loading>
            <div class="skeleton" />
          </Loading>
        )}
        {diff !== null && (diff.trim() ? <Diff text={diff} /> : <p class="muted">Nothing was committed.</p>)}
      </section>
    </div>
  );
}
