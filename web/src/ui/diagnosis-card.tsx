/** What is wrong, in a sentence; whom it concerns; what to do; and on what that rests, for whoever wants to know. */
import type { ComponentChildren } from 'preact';
import type { Diagnosis } from '../api/types.gen';
import { Actions, type Action } from './actions';
import { Mark } from './mark';
import { When } from './when';

interface Props {
  diagnosis: Diagnosis;
  /** Where: "catalog in dev". */
  where?: ComponentChildren;
  isFailure?: boolean;
  /** The first of what can be done comes first. */
  actions?: readonly Action[];
}

export function DiagnosisCard({ diagnosis, where, isFailure = false, actions = [] }: Props) {
  const { code, what, effect, action, evidence, since } = diagnosis;
  return (
    <article class={`diagnosis ${isFailure ? 'bad' : ''}`} aria-label={`Diagnosis ${code}`}>
      <header>
        <Mark look={isFailure ? { shape: 'octagon', family: 'fail' } : { shape: 'triangle', family: 'attention' }} />
        {where && <span class="foreign">{where}</span>}
        <span class="spacer" />
        {since && (
          <span class="muted">
            for <When at={since} as="for" />
          </span>
        )}
        <code>{code}</code>
      </header>
      <p class="what foreign">{what}</p>
      {effect && <p class="foreign">{effect}</p>}
      {action && <p class="muted foreign">{action}</p>}
      {evidence && (
        <details>
          <summary>Evidence</summary>
          <pre class="mono foreign" tabIndex={0}>{evidence}</pre>
        </details>
      )}
      <Actions list={actions} />
    </article>
  );
}
