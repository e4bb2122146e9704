/** One release: what is true of it now, how far it is, and what can be done. */
import { useEffect, useState } from 'preact/hooks';
import { me } from '../../api/session';
import type { Release } from '../../api/types.gen';
import { isOwnTrouble } from '../../model/inbox-rules';
import { listed, railOf, releaseLook, sentenceOf } from '../../model/release';
import type { Family } from '../../model/state';
import { href, place, setQuery } from '../../router';
import { announce } from '../../ui/announce';
import { Actions } from '../../ui/actions';
import { Mark } from '../../ui/mark';
import { Loading, Notice, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { Tabs } from '../../ui/tabs';
import { When } from '../../ui/when';
import { ActDialog, actionsOf, type Ask } from './acts';
import { Changes } from './changes';
import { Events } from './events';
import { ImpactView } from './impact';
import { Progress } from './progress';
import { useRelease } from './reading';
import './release.css';

const signs: Record<Family, string> = { ok: '✓', run: '…', attention: '▲', fail: '✕', neutral: '·', drift: '≠' };

/** A tab in the background tells how it goes, and so does the voice. */
function useTelling(release: Release | null) {
  const look = release && releaseLook(release);
  useEffect(() => {
    if (!release || !look) return;
    document.title = `${signs[look.family]} ${release.name} ${look.word} · heddle`;
    if (!isOwnTrouble(release, me.peek()?.name)) announce(release.name, `${release.name}: ${look.word}.`); // of that, the frame tells
  }, [release?.id, look?.word]);
}

const kinds: Record<Release['kind'], string> = { promote: 'Promotion', auto: 'Automatic promotion', rollback: 'Rollback', config: 'Change in Git' };

function Head({ release }: { release: Release }) {
  const look = releaseLook(release);
  return (
    <header class="release-head">
      <h1>
        <span>{release.name}</span>
        <span class={`badge family-${look.family}`}>
          <Mark look={look} />
          {look.word}
        </span>
      </h1>
      <p class="foreign">
        <b>{listed(release.workloads)}</b> {release.from ? `from ${release.from} ` : ''}to <b>{release.stage}</b>
      </p>
      <p class="muted foreign">
        {kinds[release.kind]}
        {release.rollbackOf !== null && (
          <>
            {' '}
            of <a href={href(`/releases/${release.rollbackOf}`)}>R-{release.rollbackOf}</a>
          </>
        )}{' '}
        by {release.actor}
        {release.createdAt && (
          <>
            , <When at={release.createdAt} />
          </>
        )}
        {release.reason && `: ${release.reason}`}
        {release.supersededBy !== null && (
          <>
            {' '}
            · <a href={href(`/releases/${release.supersededBy}`)}>R-{release.supersededBy}</a> took its place
          </>
        )}
      </p>
    </header>
  );
}

/** The link goes to another site, which heddle names and does not vouch for. */
function Pulls({ release }: { release: Release }) {
  const pulls = release.pullRequests.filter(({ url }) => url);
  if (!pulls.length) return null;
  return (
    <ul class="plain muted" aria-label="Pull requests">
      {pulls.map(({ wave, number, url, state, who, approvals, objections, checks }) => (
        <li key={wave} class="foreign">
          <a href={url} rel="noopener noreferrer" target="_blank">
            Pull request #{number}
          </a>
          {release.waves > 1 && `, wave ${wave}`}: {state}
          {who && ` by ${who}`}
          {state === 'open' && ` · approvals: ${approvals}${objections ? `, objections: ${objections}` : ''}${checks === 'none' ? '' : ` · checks ${checks}`}`}
        </li>
      ))}
    </ul>
  );
}

function Rail({ release }: { release: Release }) {
  return (
    <ol class="rail" aria-label={release.waves > 1 ? `Phases of wave ${release.wave} of ${release.waves}` : 'Phases'}>
      {railOf(release).map(({ word, at, note, is }) => (
        <li key={word} class={`${is}${is === 'now' || is === 'end' ? ` family-${releaseLook(release).family}` : ''}`} aria-current={is === 'now' ? 'step' : undefined}>
          <b>{word}</b>
          <small class="foreign">
            {at && <When at={at} as="second" />} {note}
          </small>
        </li>
      ))}
    </ol>
  );
}

const views = [
  { key: 'progress', label: 'Progress' },
  { key: 'changes', label: 'Changes' },
  { key: 'impact', label: 'Impact' },
  { key: 'events', label: 'Events' },
] as const;

function Whole({ release, again }: { release: Release; again: () => void }) {
  const [ask, setAsk] = useState<Ask | null>(null);
  const asked = place.value.query.get('tab');
  const view = views.find(({ key }) => key === asked)?.key ?? 'progress';
  return (
    <>
      <Head release={release} />
      <p class="truth foreign">{sentenceOf(release)}</p>
      <Pulls release={release} />
      <Actions list={actionsOf(release, setAsk)} />
      <Rail release={release} />
      <Tabs label="Views" tabs={views} chosen={view} onChoose={(key) => setQuery({ tab: key === 'progress' ? null : key }, 'push')}>
        {view === 'progress' && <Progress release={release} onAsk={setAsk} />}
        {view === 'changes' && <Changes release={release} />}
        {view === 'impact' && <ImpactView release={release} />}
        {view === 'events' && <Events release={release} />}
      </Tabs>
      {ask && <ActDialog release={release} ask={ask} onClose={() => setAsk(null)} onDone={again} />}
    </>
  );
}

export function ReleasePage({ values }: { values: Record<string, string> }) {
  const id = values.id ?? '';
  const { release, problem, again } = useRelease(id);
  useTelling(release);
  if (release) {
    return (
      <div class="release">
        {problem && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={again} />}
        <Whole key={release.id} release={release} again={again} />
      </div>
    );
  }
  if (problem?.code === 'not_found' || problem?.code === 'invalid') {
    return (
      <Notice
        title="There is no such release"
        actions={
          <a class="button" href={href('/board')}>
            To the Board
          </a>
        }
      >
        <p class="foreign">{problem.message}</p>
      </Notice>
    );
  }
  if (problem) return <ProblemNotice what="The release cannot be read" problem={problem} onRetry={again} />;
  return (
    <Loading>
      <div class="release">
        <div class="skeleton" style={{ width: '180px' }} />
        <div class="skeleton" style={{ width: '420px' }} />
        <div class="skeleton" />
      </div>
    </Loading>
  );
}
