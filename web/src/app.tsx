/** The whole: who is signed in decides what is shown, and the address decides which page. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { loadSession, me, sessionProblem } from './api/session';
import { Frame } from './frame/frame';
import { startLive, stopLive } from './live/live';
import { followBoard } from './model/board';
import { followClusters } from './model/clusters';
import { followInbox } from './model/inbox';
import { followOutages } from './model/outages';
import { pages, type Page, type PageProps } from './pages';
import { NotFoundPage } from './pages/not-found';
import { SignInPage } from './pages/sign-in';
import { wish, type Wish } from './pages/promote/wish';
import { match, path } from './router';
import { Announcer } from './ui/announce';
import { Loading, ProblemNotice } from './ui/notice';
import { Toasts } from './ui/toast';

function find(at: string): { page: Page; values: Record<string, string> } | null {
  for (const page of pages) {
    const values = match(page.pattern, at);
    if (values) return { page, values };
  }
  return null;
}

/** By how they are loaded: several addresses of one page share it, and it stays as it is between them. */
const loaded = new Map<Page['load'], ComponentType<PageProps>>();

function Shown({ page, values }: { page: Page; values: Record<string, string> }) {
  const [, redraw] = useState(0);
  const Component = page.component ?? loaded.get(page.load);
  useEffect(() => {
    if (Component || !page.load) return;
    void page.load().then((component) => {
      loaded.set(page.load, component);
      redraw((count) => count + 1);
    });
  }, [page.load]);
  return Component ? <Component values={values} /> : <Loading />;
}

type Sheet = ComponentType<{ wish: Wish }>;
let promoteSheet: Sheet | null = null;

/** Over whatever page asks for it. */
function Promoting() {
  const [, redraw] = useState(0);
  const isAsked = wish.value !== null;
  useEffect(() => {
    if (!isAsked || promoteSheet) return;
    void import('./pages/promote/promote-sheet').then((module) => {
      promoteSheet = module.PromoteSheet;
      redraw((count) => count + 1);
    });
  }, [isAsked]);
  const Sheet = promoteSheet;
  return wish.value && Sheet ? <Sheet wish={wish.value} /> : null;
}

let isFollowing = false;

function SignedIn() {
  useEffect(() => {
    startLive();
    if (!isFollowing) {
      followBoard();
      followClusters();
      followInbox();
      followOutages();
    }
    isFollowing = true;
    return stopLive;
  }, []);
  const found = find(path.value);
  return (
    <Frame>
      {found ? <Shown page={found.page} values={found.values} /> : <NotFoundPage />}
      <Promoting />
    </Frame>
  );
}

function Whole() {
  if (me.value) return <SignedIn />;
  if (me.value === null) return <SignInPage />;
  if (!sessionProblem.value) return <Loading />;
  return (
    <main>
      <ProblemNotice what="heddle cannot be reached" problem={sessionProblem.value} onRetry={() => void loadSession()} />
    </main>
  );
}

export function App() {
  return (
    <>
      <Whole />
      <Toasts />
      <Announcer />
    </>
  );
}
