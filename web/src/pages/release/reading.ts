/** One release, read once, and then kept as the server tells. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import type { EventRelease, Release } from '../../api/types.gen';
import { on, whenLive } from '../../live/live';

const LIVE_MS = 500;
const AGAIN_MS = 150;

interface Reading {
  release: Release | null;
  problem: Problem | null;
  again(): void;
}

/** `id`: "7" or "R-7".  Events bring what moves; steps and approvals are read again behind them. */
export function useRelease(id: string): Reading {
  const [release, setRelease] = useState<Release | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const readNow = useRef(() => {});
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asked = 0;
    const read = async () => {
      const mine = ++asked;
      try {
        const answer = await call('GET /api/v1/releases/{id}', { path: { id }, signal: abort.signal });
        if (mine !== asked) return; // a later question was asked because something moved
        setRelease(answer);
        setProblem(null);
      } catch (error) {
        if (abort.signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        if (mine === asked) setProblem(error);
      }
    };
    const readSoon = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void read(), AGAIN_MS);
    };
    readNow.current = () => void read();
    setRelease(null);
    setProblem(null);
    const ends = [
      on('release', (data) => {
        const news = data as EventRelease;
        if (String(news.id) !== id.replace(/^R-/, '')) return;
        asked++; // what is on its way was read before this
        setRelease((known) => known && { ...known, ...news });
        readSoon();
      }),
      on('reset', readSoon),
    ];
    void whenLive(LIVE_MS).then(() => {
      if (!abort.signal.aborted) void read();
    });
    return () => {
      abort.abort();
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [id]);
  return { release, problem, again: () => readNow.current() };
}

export interface View<Answer> {
  answer: Answer | null;
  problem: Problem | null;
  again(): void;
}

/** What is made of a release's commits; read again when there are more of them. */
function useView<Answer>(release: Release, read: (id: number, signal: AbortSignal) => Promise<Answer>): View<Answer> {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [times, setTimes] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    read(release.id, abort.signal).then(
      (given) => {
        setAnswer(given);
        setProblem(null);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        setProblem(error);
      },
    );
    return () => abort.abort();
  }, [release.id, release.commits.length, release.isOver, times]);
  return { answer, problem, again: () => setTimes((count) => count + 1) };
}

const readDiff = (id: number, signal: AbortSignal) => call('GET /api/v1/releases/{id}/diff', { path: { id }, signal });
const readImpact = (id: number, signal: AbortSignal) => call('GET /api/v1/releases/{id}/impact', { path: { id }, signal });

export const useDiff = (release: Release) => useView(release, readDiff);
export const useImpact = (release: Release) => useView(release, readImpact);
