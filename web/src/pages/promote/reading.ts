/** The plan of a wish, as the server makes it: read again when the wish, the ticks or the views that are wanted change. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import type { Plan, PlanRequest } from '../../api/types.gen';
import { changeOf, type PlanChange } from './plan';
import type { Wish } from './wish';

export type PlanView = NonNullable<PlanRequest['with']>[number];

export interface Reading {
  /** The last that was read, also while another is on its way. */
  plan: Plan | null;
  problem: Problem | null;
  isReading: boolean;
  /** How the plan differs from what was seen of the same wish. */
  change: PlanChange | null;
  again: () => void;
}

export function requestOf(wish: Wish, workloads: readonly string[]): Pick<PlanRequest, 'to' | 'from' | 'workloads' | 'version'> {
  return {
    to: wish.to,
    ...(wish.from && { from: wish.from }),
    ...(workloads.length && { workloads: [...workloads] }),
    ...(wish.version && { version: wish.version }),
  };
}

interface State extends Omit<Reading, 'again'> {
  /** What this answers. */
  key: string | null;
}

/** `request` is null while there is nothing to ask for; with another `news`, the same is asked again. */
export function usePlan(request: ReturnType<typeof requestOf> | null, views: readonly PlanView[], news = 0): Reading {
  const key = request && JSON.stringify(request);
  const [round, setRound] = useState(0);
  const [state, setState] = useState<State>({ key: null, plan: null, problem: null, isReading: true, change: null });
  const seen = useRef<{ key: string; plan: Plan } | null>(null);
  useEffect(() => {
    if (!key) return;
    const abort = new AbortController();
    setState((before) => ({ ...before, isReading: true }));
    call('POST /api/v1/plans', { body: { ...JSON.parse(key), with: views }, signal: abort.signal }).then(
      (plan) => {
        const before = seen.current?.key === key ? seen.current.plan : null;
        seen.current = { key, plan };
        setState((last) => ({
          key,
          plan,
          problem: null,
          isReading: false,
          change: before === null ? null : before.digest === plan.digest ? last.change : changeOf(before, plan),
        }));
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        setState((last) => ({ ...last, key, problem: error, isReading: false }));
      },
    );
    return () => abort.abort();
  }, [key, views.join(), round, news]);
  return { ...state, isReading: state.isReading || state.key !== key, again: () => setRound((count) => count + 1) };
}
