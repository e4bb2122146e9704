/** The promote sheet: what would happen, in full, before anything does. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { call, newOnce, Problem } from '../../api/client';
import { may } from '../../api/session';
import type { Pipeline, Plan } from '../../api/types.gen';
import { board } from '../../model/board';
import { go } from '../../router';
import { announce } from '../../ui/announce';
import { Dialog } from '../../ui/dialog';
import { Loading, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { SourceSelect } from './source-select';
import { toast } from '../../ui/toast';
import { untick } from '../board/view';
import { Changes, type View } from './changes';
import { Gates, ImpactList, Order } from './effects';
import { buttonText, changeOf, movingIn, rowsOf, sentenceOfChange, verdict } from './plan';
import { requestOf, usePlan, type PlanView } from './reading';
import { changeWish, closePromote, type Wish } from './wish';
import { WorkloadTable } from './workload-table';
import './promote.css';

/** How the stage goes about it; the sheet says less when it cannot be read. */
function usePipeline(): Pipeline | null {
  const [pipeline, setPipeline] = useState<Pipeline | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    call('GET /api/v1/pipeline', { signal: abort.signal }).then(setPipeline, (error: unknown) => {
      if (!(error instanceof Problem) && !abort.signal.aborted) throw error;
    });
    return () => abort.abort();
  }, []);
  return pipeline;
}

/**
 * Two plans: of all that was asked for, whose rows stay in view, and of what is ticked, which is what will happen.
 * They are one while nothing is unticked.
 */
function usePlans(wish: Wish, unticked: ReadonlySet<string>, isRenderedWanted: boolean) {
  const isPart = unticked.size > 0;
  const views: PlanView[] = isRenderedWanted ? ['impact', 'stays', 'rendered'] : ['impact', 'stays'];
  const whole = usePlan(requestOf(wish, wish.workloads), views);
  const ticked = whole.plan ? movingIn(whole.plan).filter((workload) => !unticked.has(workload)) : [];
  const request = requestOf(wish, isPart ? ticked : wish.workloads);
  const part = usePlan(isPart && ticked.length ? request : null, views);
  const shown = isPart ? part : whole;
  const again = () => {
    whole.again();
    part.again();
  };
  return { ...shown, offer: whole.plan, plan: shown.plan ?? whole.plan, request, count: ticked.length, again };
}

function Ways({ wish, plan }: { wish: Wish; plan: Plan | null }) {
  return (
    <div class="ways">
      <label class="labelled">
        From
        <SourceSelect value={wish.from || (plan?.from ?? '')} onChoose={(from) => changeWish({ from })} without={[wish.to]} />
      </label>
      <span aria-hidden="true">→</span>
      <label class="labelled">
        To
        <select class="field" value={wish.to} onChange={(event) => changeWish({ to: event.currentTarget.value, from: '' })}>
          {board.stages.value.map((stage) => (
            <option key={stage.name}>{stage.name}</option>
          ))}
        </select>
      </label>
      {wish.version && <span class="foreign">Version {wish.version}</span>}
    </div>
  );
}

function Section({ title, note, children }: { title: string; note?: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>
        {title} {note && <small class="muted">{note}</small>}
      </h3>
      {children}
    </section>
  );
}

/** Why nobody can say yes now; null: they can. */
function obstacleOf(plan: Plan | null, count: number, isReading: boolean): string | null {
  if (!may('promote')) return 'Your role only reads. Ask an admin for a token with the role promote.';
  if (plan && !plan.items.length) return 'Nothing would change.';
  if (plan && !count) return 'Tick at least one workload.';
  return !plan || isReading ? 'The plan is being made.' : null;
}

export function PromoteSheet({ wish }: { wish: Wish }) {
  const form = useId();
  const [unticked, setUnticked] = useState<ReadonlySet<string>>(new Set());
  const [view, setView] = useState<View>('files');
  const [isRenderedWanted, setRenderedWanted] = useState(false);
  const [reason, setReason] = useState('');
  const [isSending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<Problem | null>(null);
  const once = useRef({ of: '', key: '' });
  const pipeline = usePipeline();

  const { offer, plan, newer, request, count, problem, isReading, change, again } = usePlans(wish, unticked, isRenderedWanted);
  const asked = JSON.stringify(wish);
  useEffect(() => {
    setUnticked(new Set());
    setRefusal(null);
  }, [asked]);
  useEffect(() => {
    if (change) announce('plan', sentenceOfChange(change));
  }, [change]);
  const obstacle = obstacleOf(plan, count, isReading);
  const isOld = !isSending && (refusal?.code === 'refused' || newer !== null);
  const objection = refusal?.message ?? (plan && newer && sentenceOfChange(changeOf(plan, newer)));

  const tick = (workload: string) => {
    const next = new Set(unticked);
    if (!next.delete(workload)) next.add(workload);
    setRefusal(null);
    setUnticked(next);
  };
  const lookAgain = () => {
    setRefusal(null);
    again();
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (isOld) return lookAgain();
    if (obstacle || !plan || isSending) return;
    // The same words again, after a lost answer, must not make a second release.
    const of = `${plan.digest} ${reason}`;
    if (once.current.of !== of) once.current = { of, key: newOnce() };
    setSending(true);
    try {
      const release = await call('POST /api/v1/releases', { body: { ...request, planDigest: plan.digest, reason }, once: once.current.key });
      untick();
      go(`/releases/${release.id}`);
      toast(`${release.name} has begun.`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setRefusal(error);
      setSending(false);
    }
  };

  return (
    <Dialog
      kind="sheet"
      class="promote"
      title={
        <>
          Promote to <span class="foreign">{wish.to}</span>
        </>
      }
      onClose={closePromote}
      footer={
        <>
          <div class="verdict" aria-live="polite">
            {objection ? (
              <span class="refusal foreign">
                {objection} {refusal?.requestId && !isOld && <code>{refusal.requestId}</code>}
              </span>
            ) : (
              <span id={`${form}-why`} class="foreign">{obstacle ?? (plan && verdict(plan))}</span>
            )}
          </div>
          <button type="button" class="button quiet" onClick={closePromote}>
            Cancel
          </button>
          <button
            type="submit"
            form={form}
            class="button primary"
            autofocus
            aria-disabled={(obstacle !== null && !isOld) || isSending}
            aria-describedby={`${form}-why`}
          >
            {isOld ? 'Look again' : plan?.items.length ? buttonText(plan) : `Promote to ${wish.to}`}
          </button>
        </>
      }
    >
      <form id={form} onSubmit={(event) => void send(event)} aria-busy={isReading}>
        <Ways wish={wish} plan={plan} />
        {problem && !plan && <ProblemNotice what="The plan cannot be made" problem={problem} onRetry={again} />}
        {problem && plan && <ProblemBanner what="This is the plan that was read before:" problem={problem} onRetry={again} />}
        {!plan && !problem && (
          <Loading>
            <div class="skeleton-rows">
              <div class="skeleton" />
              <div class="skeleton" />
            </div>
          </Loading>
        )}
        {change && (
          <p class="banner" role="status">
            {sentenceOfChange(change)}
          </p>
        )}
        {plan && offer && (
          <>
            <Section title="Workloads" note={`${count} of ${rowsOf(offer).length}`}>
              <WorkloadTable rows={rowsOf(offer)} unticked={unticked} news={new Set(change?.changed)} onTick={tick} />
            </Section>
            {plan.items.length > 0 && (
              <>
                <Section title="Changes">
                  <Changes
                    plan={plan}
                    view={view}
                    onView={(next) => {
                      setView(next);
                      if (next === 'rendered') setRenderedWanted(true);
                    }}
                  />
                </Section>
                <Section title="Impact" note="requests, against what nodes have">
                  <ImpactList impacts={plan.impact ?? []} />
                </Section>
                <Section title="Gates">
                  <Gates gates={plan.gates} />
                </Section>
                <Section title="How">
                  <Order plan={plan} pipeline={pipeline} />
                  <label class="reason">
                    <span>Reason</span>
                    <input
                      class="field"
                      type="text"
                      maxLength={500}
                      placeholder="For the commit and the history"
                      value={reason}
                      onInput={(event) => setReason(event.currentTarget.value)}
                    />
                  </label>
                </Section>
              </>
            )}
          </>
        )}
      </form>
    </Dialog>
  );
}
