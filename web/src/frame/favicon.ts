/** The tab's icon: the thread passes, or it does not get through. Files, since the policy forbids pictures made in the page. */
import { computed, effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { base } from '../api/client';
import { board, cellsOf } from '../model/board';

type Icon = 'favicon' | 'favicon-stuck' | 'favicon-failed';

const icon = computed<Icon>(() => {
  void board.revision.value;
  const states = new Set(board.rows.value.flatMap(cellsOf).map((cell) => cell.state));
  if (states.has('failed')) return 'favicon-failed';
  return states.has('stuck') ? 'favicon-stuck' : 'favicon';
});

function show(name: Icon): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const address = new URL(`${name}.svg`, base).href;
  if (link && link.href !== address) link.href = address;
}

/** While someone is signed in. */
export function useFavicon(): void {
  useEffect(() => {
    const end = effect(() => show(icon.value));
    return () => {
      end();
      show('favicon');
    };
  }, []);
}
