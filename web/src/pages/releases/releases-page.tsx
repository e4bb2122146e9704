/** Releases: what goes on, and what went on, with who, why and how long; live. */
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { me } from '../../api/session';
import type { ReleaseRow } from '../../api/types.gen';
import { on } from '../../live/live';
import { isOwnTrouble } from '../../model/inbox-rules';
import { phaseLooks, type Phase } from '../../model/state';
import { href } from '../../router';
import { announce } from '../../ui/announce';
import { useShortcuts, type Shortcut } from '../../ui/keys';
import { Loading, Notice, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { Filters } from './filters';
import { isEmpty } from './query';
import { Row } from './row';
import { clearFilters, follow, isReadingMore, list, noteBusy, PAGE, problem, query, readAgain, readMore } from './view';
import './releases.css';

function Skeleton() {
  return (
    <div class="release-skeleton" aria-hidden="true">
      {[0, 1, 2, 3, 4, 5].map((at) => (
        <div key={at}>
          <div class="skeleton" />
          <div class="skeleton" style={{ width: `${160 + ((at * 61) % 180)}px` }} />
        </div>
      ))}
    </div>
  );
}

function Nothing() {
  if (isEmpty(query.value)) {
    return (
      <Notice title="No releases yet" actions={<a class="button" href={href('/board')}>Go to the Board</a>}>
        <p>Each promotion, rollback and commit becomes one, and stays here. To make the first, tick workloads on the Board.</p>
      </Notice>
    );
  }
  return (
    <Notice
      title="No release matches"
      actions={
        <button class="button" onClick={clearFilters}>
          Clear the filter
        </button>
      }
    >
      <p>A version is found by its whole name, people and workloads by a part of theirs.</p>
    </Notice>
  );
}

const telling: readonly Phase[] = ['needs_approval', 'done', 'failed', 'rolled_back', 'stopped'];

/** What happens is said, too. */
function useVoice() {
  useEffect(
    () =>
      on('release', (data) => {
        const row = data as ReleaseRow;
        if (!telling.includes(row.phase) || isOwnTrouble(row, me.peek()?.name)) return; // of which the frame tells
        const { word } = phaseLooks[row.phase];
        announce(`release/${row.id}`, `${row.name} to ${row.stage}: ${word}.`, { of: 'releases', as: word.toLowerCase() });
      }),
    [],
  );
}

function walk(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>('.row-link')];
  const at = links.indexOf(document.activeElement as HTMLElement);
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

const shortcuts: Shortcut[] = [
  { keys: 'j', does: 'Next release', run: () => walk(1) },
  { keys: 'k', does: 'Release before', run: () => walk(-1) },
];

/** Coming back from a release, one is where one was. */
let scrolledTo = 0;

function useScroll() {
  useLayoutEffect(() => {
    const main = document.getElementById('content')!;
    main.scrollTop = scrolledTo;
    const onScroll = () => {
      scrolledTo = main.scrollTop;
      noteBusy(main.scrollTop);
    };
    main.addEventListener('scroll', onScroll, { passive: true });
    return () => main.removeEventListener('scroll', onScroll);
  }, []);
  // Another filter begins at its top.
  const wanted = query.value;
  useLayoutEffect(() => () => void (document.getElementById('content')!.scrollTop = 0), [wanted]);
}

function Waiting() {
  const count = list.value.waiting.value;
  if (!count) return null;
  const show = () => {
    document.getElementById('content')!.scrollTop = 0;
    list.peek().settle();
  };
  return (
    <div class="waiting">
      <button type="button" class="button" onClick={show}>
        {count} {count === 1 ? 'change' : 'changes'}: show
      </button>
    </div>
  );
}

function Older() {
  if (list.value.next.value === null) {
    return list.value.shown.value.length > PAGE ? <p class="muted end">These are all.</p> : null;
  }
  return (
    <div class="end">
      <button type="button" class="button" aria-disabled={isReadingMore.value} onClick={() => !isReadingMore.peek() && void readMore()}>
        {isReadingMore.value ? 'Reading…' : 'Show older'}
      </button>
    </div>
  );
}

function Table() {
  const rows = list.value.shown.value;
  return (
    <table role="table" class="releases" aria-label="Releases" onPointerMove={() => noteBusy(document.getElementById('content')!.scrollTop)}>
      <thead role="rowgroup">
        <tr role="row">
          {['State', 'Release', 'Kind', 'What', 'Where', 'Who', 'Begun', 'Took', 'Live for'].map((name) => (
            <th key={name} role="columnheader" scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((release) => (
          <Row key={release.peek().id} release={release} />
        ))}
      </tbody>
    </table>
  );
}

function Content() {
  if (!list.value.isLoaded.value) {
    if (problem.value) return <ProblemNotice what="Releases cannot be read" problem={problem.value} onRetry={readAgain} />;
    return (
      <Loading>
        <Skeleton />
      </Loading>
    );
  }
  return (
    <>
      {problem.value && <ProblemBanner what="This is what was read before:" problem={problem.value} onRetry={readAgain} />}
      {list.value.shown.value.length ? <Table /> : <Nothing />}
      <Older />
    </>
  );
}

export function ReleasesPage() {
  useVoice();
  useShortcuts(shortcuts);
  useEffect(follow, []);
  useScroll();
  useEffect(() => {
    document.title = 'Releases · heddle';
  }, []);
  return (
    <div class="releases-page">
      <h1 class="unseen">Releases</h1>
      <Filters />
      <Waiting />
      <Content />
    </div>
  );
}
