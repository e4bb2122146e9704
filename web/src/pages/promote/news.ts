/** Tells when a plan may have become another, or its gates: something moved in its stages, or a wait is over. */
import { useEffect, useState } from 'preact/hooks';
import type { Cell, Gate } from '../../api/types.gen';
import { on } from '../../live/live';

/** Events come in bursts, and a plan is work. */
const EVERY_MS = 1000;

/** Grows with the news. */
export function usePlanNews(stages: readonly (string | undefined)[], gates: readonly Gate[] = []): number {
  const [news, setNews] = useState(0);
  const opensAt = Math.min(...gates.flatMap((gate) => (gate.askAgainAt ? [Date.parse(gate.askAgainAt)] : [])));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const note = () => (timer ??= setTimeout(() => {
      timer = undefined;
      setNews((count) => count + 1);
    }, EVERY_MS));
    const ends = [
      on('version', note),
      on('pipeline', note),
      on('reset', note),
      on('cell', (data) => {
        if (stages.includes((data as { cell: Cell }).cell.stage)) note();
      }),
    ];
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [stages.join()]);
  useEffect(() => {
    if (!Number.isFinite(opensAt)) return;
    const timer = setTimeout(() => setNews((count) => count + 1), Math.max(EVERY_MS, opensAt - Date.now()));
    return () => clearTimeout(timer);
  }, [opensAt]);
  return news;
}
