/** Deploy: choose where versions come from, see what differs here, tick, promote. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Cluster } from '../../api/types.gen';
import { board } from '../../model/board';
import { cellLooks } from '../../model/state';
import { place, setQuery } from '../../router';
import { useShortcuts } from '../../ui/keys';
import { Mark } from '../../ui/mark';
import { Loading, Notice, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { versionOf } from '../board/cell';
import { requestOf, usePlan } from '../promote/reading';
import { SourceSelect } from '../promote/source-select';
import { openPromote } from '../promote/wish';
import { offersOf, type Offer } from './offer';
import { stateOf, targetOf, wordsOf } from './targets';

const NO_VIEWS: [] = [];

interface RowProps {
  offer: Offer;
  cluster: string;
  isTicked: boolean;
  onTick: () => void;
}

function OfferRow({ offer, cluster, isTicked, onTick }: RowProps) {
  const place = targetOf(offer.workload, cluster);
  const target = place?.target;
  const behind = place?.cell.behind ?? 0;
  const here = offer.here ?? target;
  return (
    <tr class={offer.isSame ? 'same' : ''}>
      <td class="tick">{offer.canMove && <input type="checkbox" aria-label={`Promote ${offer.workload}`} checked={isTicked} onChange={onTick} />}</td>
      <th scope="row" class="foreign">
        {offer.workload}
      </th>
      <td class="mono foreign">{here ? versionOf(here) : '–'}</td>
      <td class="mono foreign">{offer.offered ? <b>{versionOf(offer.offered)}</b> : offer.isSame && here ? versionOf(here) : '–'}</td>
      <td class="foreign">
        {place && stateOf(place) !== 'healthy' && (
          <span class="state">
            <Mark look={cellLooks[stateOf(place)]} /> {wordsOf(place)}
          </span>
        )}{' '}
        <span class="muted">{offer.canMove && !offer.note && behind > 0 ? `${behind} behind the newest` : offer.note}</span>
      </td>
    </tr>
  );
}

function OfferTable({ offers, cluster, source, ticked, onTick, onTickAll }: {
  offers: readonly Offer[];
  cluster: string;
  source: string;
  ticked: ReadonlySet<string>;
  onTick: (workload: string) => void;
  onTickAll: () => void;
}) {
  const movable = offers.filter((offer) => offer.canMove);
  const count = movable.filter((offer) => ticked.has(offer.workload)).length;
  return (
    <div class="table-scroll card">
      <table class="facts rows offers">
        <thead>
          <tr>
            <td class="tick">
              <input
                type="checkbox"
                aria-label="Select all that can move"
                disabled={!movable.length}
                checked={count > 0 && count === movable.length}
                ref={(box) => {
                  if (box) box.indeterminate = count > 0 && count < movable.length;
                }}
                onChange={onTickAll}
              />
            </td>
            <th scope="col">Workload</th>
            <th scope="col">Here</th>
            <th scope="col" class="foreign">
              In {source}
            </th>
            <th scope="col">Note</th>
          </tr>
        </thead>
        <tbody>
          {offers.map((offer) => (
            <OfferRow key={offer.workload} offer={offer} cluster={cluster} isTicked={ticked.has(offer.workload)} onTick={() => onTick(offer.workload)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A stage is promoted to as a whole. */
function Siblings({ stage, cluster }: { stage: string; cluster: string }) {
  const others = board.stages.value.find((one) => one.name === stage)?.targets.filter((target) => target !== cluster) ?? [];
  if (!others.length) return null;
  return (
    <p class="muted foreign">
      {cluster} is a part of {stage}: what you promote goes to {others.join(', ')}, too.
    </p>
  );
}

function wordsOfSource(source: string): string {
  return source === 'registry' ? 'the registry' : source.replace(/^cluster:/, '');
}

export function Deploy({ cluster: { name, stage } }: { cluster: Cluster }) {
  const source = place.value.query.get('source') ?? 'registry';
  const ticked = useSignal<ReadonlySet<string>>(new Set());
  const request = stage ? requestOf({ to: stage, from: source, workloads: [], version: '' }, []) : null;
  const { newer, problem, isReading, again, ...read } = usePlan(request, NO_VIEWS);
  const plan = newer ?? read.plan;
  const offers = plan && plan.to === stage && plan.from === source ? offersOf(plan, name) : null;
  const movable = offers?.filter((offer) => offer.canMove).map((offer) => offer.workload) ?? [];
  const chosen = movable.filter((workload) => ticked.value.has(workload));
  const promote = useRef(() => {});
  promote.current = () => {
    if (stage && chosen.length) openPromote({ to: stage, from: source, workloads: chosen });
  };
  useShortcuts([{ keys: 'p', does: 'Promote what is ticked', run: () => promote.current() }]);
  useEffect(() => {
    ticked.value = new Set();
  }, [name, source]);

  if (!stage) {
    return (
      <Notice title="No stage deploys here">
        <p>
          Add <code class="foreign">{name}</code> to the targets of a stage in <code>heddle.yaml</code>, and its workloads are here.
        </p>
      </Notice>
    );
  }
  const tick = (workload: string) => {
    const next = new Set(ticked.value);
    if (!next.delete(workload)) next.add(workload);
    ticked.value = next;
  };
  return (
    <div class="deploy" aria-busy={isReading}>
      <div class="deploy-head">
        <label class="labelled">
          Source
          <SourceSelect
            value={source}
            without={[stage, `cluster:${name}`]}
            onChoose={(next) => setQuery({ source: next === 'registry' ? null : next }, 'push')}
          />
        </label>
        <span class="spacer" />
        {offers && (
          <span role="status">
            {movable.length} of {offers.length} {offers.length === 1 ? 'workload' : 'workloads'} can move
          </span>
        )}
      </div>
      {problem && plan && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={again} />}
      {problem && !plan && <ProblemNotice what="It cannot be told what would move" problem={problem} onRetry={again} />}
      {!offers && !problem && (
        <Loading>
          <div class="skeleton" />
        </Loading>
      )}
      {offers && !offers.length && (
        <Notice title="No workload is here">
          <p>Git has none in the folder of this cluster.</p>
        </Notice>
      )}
      {offers && offers.length > 0 && (
        <>
          <OfferTable
            offers={offers}
            cluster={name}
            source={wordsOfSource(source)}
            ticked={ticked.value}
            onTick={tick}
            onTickAll={() => (ticked.value = new Set(chosen.length === movable.length ? [] : movable))}
          />
          <div class="deploy-foot">
            <Siblings stage={stage} cluster={name} />
            <span class="spacer" />
            {!chosen.length && (
              <span id="no-ticks" class="muted">
                {movable.length ? 'Tick what should move.' : 'Nothing differs that could move.'}
              </span>
            )}
            <button
              type="button"
              class="button primary"
              aria-keyshortcuts="p"
              aria-disabled={!chosen.length}
              aria-describedby={chosen.length ? undefined : 'no-ticks'}
              onClick={() => promote.current()}
            >
              Promote selected ({chosen.length})
            </button>
          </div>
        </>
      )}
    </div>
  );
}
