/** The plan of a wish, as the server makes it: read again when the wish, the ticks or the views that are wanted change. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import type { Plan, PlanRequest } from '../../api/types.gen';
import { usePlanNews } from './news';
import { changeOf, type PlanChange } from './plan';
import type { Wish } from './wish';

export type PlanView = NonNullable<PlanRequest['with']>[number];

interface State {
  /** What this answers. */
  key: string | null;
  /** The last that was read, also while another is on its way. */
  plan: Plan | null;
  /** What it has become since, by itself: nobody has looked at this one. */
  newer: Plan | null;
  problem: Problem | null;
  isReading: boolean;
  /** How the plan differs from what was seen of the same wish. */
  change: PlanChange | null;
}

export interface Reading extends State {
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

/** Someone has asked for it. */
function taken(last: State, key: string, plan: Plan): State {
  const isSameWish = last.key === key && last.plan !== null;
  const change = !isSameWish ? null : last.plan!.digest === plan.digest ? last.change : changeOf(last.plan!, plan);
  return { key, plan, newer: null, problem: null, isReading: false, change };
}

/** It came by itself: gates and rooms may be others, but another plan must be looked at first. */
function refreshed(last: State, key: string, plan: Plan): State {
  if (last.key !== key || !last.plan) return last;
  return last.plan.digest === plan.digest ? { ...last, plan, newer: null } : { ...last, newer: plan };
}

/** `request` is null while there is nothing to ask for. */
export function usePlan(request: ReturnType<typeof requestOf> | null, views: readonly PlanView[]): Reading {
  const [round, setRound] = useState(0);
  const [state, setState] = useState<State>({ key: null, plan: null, newer: null, problem: null, isReading: true, change: null });
  const news = usePlanNews([request?.to, state.plan?.from], state.plan?.gates);
  const key = request && JSON.stringify(request);
  const asked = `${key} ${views.join()} ${round}`;
  const answered = useRef('');
  useEffect(() => {
    if (!key) return;
    // What was answered already is asked again because of news, and without a word.
    const isQuiet = answered.current === asked;
    const abort = new AbortController();
    if (!isQuiet) setState((last) => ({ ...last, isReading: true }));
    call('POST /api/v1/plans', { body: { ...JSON.parse(key), with: views }, signal: abort.signal }).then(
      (plan) => {
        answered.current = asked;
        setState((last) => (isQuiet ? refreshed : taken)(last, key, plan));
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        if (!isQuiet) setState((last) => ({ ...last, key, problem: error, isReading: false }));
      },
    );
    return () => abort.abort();
  }, [asked, news]);
  return { ...state, isReading: state.isReading || state.key !== key, again: () => setRound((count) => count + 1) };
}
