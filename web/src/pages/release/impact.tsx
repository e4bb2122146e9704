/** The tab Impact: what the release asks of the nodes, beside what they have now. */
import type { Release } from '../../api/types.gen';
import { Loading, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { ImpactList } from '../promote/effects';
import { useImpact } from './reading';
import '../promote/promote.css';

export function ImpactView({ release }: { release: Release }) {
  const { answer, problem, again } = useImpact(release);
  if (!answer && problem) return <ProblemNotice what="The impact cannot be read" problem={problem} onRetry={again} />;
  if (!answer) {
    return (
      <Loading>
        <div class="skeleton" />
      </Loading>
    );
  }
  return (
    <div class="progress">
      {problem && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={again} />}
      {answer.impact.length ? <ImpactList impacts={answer.impact} /> : <p class="muted">Nothing was changed in Git, so nothing is asked of the nodes.</p>}
      <p class="muted">
        By the requests in Git{release.isOver ? ', from before it to behind it,' : ''} and what is free on the nodes now. Affinity, volumes and quotas may still say no.
      </p>
    </div>
  );
}
