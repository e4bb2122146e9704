/** What stands where content would: nothing yet, nothing found, not allowed, failed, still on its way. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../api/client';

export function Notice({ title, children, actions }: { title: string; children?: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <div class="notice">
      <h2>{title}</h2>
      {children}
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}

/** A failed read, where there is nothing older to show. */
export function ProblemNotice({ what, problem, onRetry }: { what: string; problem: Problem; onRetry: () => void }) {
  const isDenied = problem.code === 'denied';
  return (
    <Notice
      title={isDenied ? 'You may not see this' : what}
      actions={
        <button class="button" onClick={onRetry}>
          Try again
        </button>
      }
    >
      <p class="foreign" role="alert">{problem.message}</p>
      {problem.requestId && (
        <p>
          Request <code>{problem.requestId}</code>
        </p>
      )}
    </Notice>
  );
}

/** The same above what was read before, which stays. */
export function ProblemBanner({ what, problem, onRetry }: { what: string; problem: Problem; onRetry: () => void }) {
  return (
    <div class="banner bad" role="alert">
      <span class="foreign">
        {what} {problem.message} {problem.requestId && <code>{problem.requestId}</code>}
      </span>
      <span class="spacer" />
      <button class="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

const PATIENCE_MS = 300;

/** Shown only when it takes long enough to be noticed. */
export function Loading({ children }: { children?: ComponentChildren }) {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!isLate) return null;
  return (
    <div aria-busy="true">
      <span class="unseen" role="status">Loading</span>
      {children}
    </div>
  );
}
