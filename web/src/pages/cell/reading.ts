/** A cell in full, read once, and again whenever something of it moves. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import type { CellDetail, EventCell, EventRelease, Image } from '../../api/types.gen';
import { on } from '../../live/live';
import type { CellPlace } from './shown';

const AGAIN_MS = 150;

interface Reading {
  detail: CellDetail | null;
  problem: Problem | null;
  again(): void;
}

export function useCell({ stage, workload }: CellPlace): Reading {
  const [detail, setDetail] = useState<CellDetail | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const readNow = useRef(() => {});
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asked = 0;
    let repositories: string[] = [];
    const read = async () => {
      const mine = ++asked;
      try {
        const answer = await call('GET /api/v1/cells/{stage}/{workload}', { path: { stage, workload }, signal: abort.signal });
        if (mine !== asked) return;
        repositories = answer.places.map((one) => one.image.repository);
        setDetail(answer);
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
    const ends = [
      on('cell', (data) => {
        const news = data as EventCell;
        // What comes next depends on the stages before, too.
        if (news.workload === workload) readSoon();
      }),
      on('release', (data) => {
        const news = data as EventRelease;
        if (news.stage === stage && news.workloads.includes(workload)) readSoon();
      }),
      on('version', (data) => {
        if (repositories.includes((data as Image).repository)) readSoon();
      }),
      on('pipeline', readSoon),
      on('reset', readSoon),
    ];
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [stage, workload]);
  return { detail, problem, again: () => readNow.current() };
}
