/** Which cell is open.  The address keeps it: "?cell=dev/cart". */
import { computed } from '@preact/signals';
import { place, setQuery } from '../../router';

export interface CellPlace {
  stage: string;
  workload: string;
}

export function parseCell(text: string | null): CellPlace | null {
  const at = text?.indexOf('/') ?? -1;
  return text && at > 0 && at < text.length - 1 ? { stage: text.slice(0, at), workload: text.slice(at + 1) } : null;
}

export const shownCell = computed(() => parseCell(place.value.query.get('cell')));

export function openCell(workload: string, stage: string): void {
  setQuery({ cell: `${stage}/${workload}` }, shownCell.peek() ? 'replace' : 'push');
}

export function closeCell(): void {
  setQuery({ cell: null });
}
