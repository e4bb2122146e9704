/** What someone wants to promote.  The address keeps it, so any page can open the sheet and any link shows it again. */
import { computed } from '@preact/signals';
import { place, setQuery } from '../../router';

export interface Wish {
  /** A stage. */
  to: string;
  /** "registry", a stage, or "cluster:NAME"; "": the first that the stage takes from. */
  from: string;
  /** None: all of the stage. */
  workloads: readonly string[];
  /** "": the newest that the source offers. */
  version: string;
}

export function readWish(query: URLSearchParams): Wish | null {
  const to = query.get('promote');
  if (!to) return null;
  const workloads = (query.get('workloads') ?? '').split(',').filter(Boolean);
  return { to, from: query.get('from') ?? '', workloads, version: query.get('version') ?? '' };
}

export const wish = computed(() => readWish(place.value.query));

export function openPromote({ to, from = '', workloads = [], version = '' }: Partial<Wish> & Pick<Wish, 'to'>): void {
  setQuery({ promote: to, from: from || null, workloads: workloads.join(',') || null, version: version || null }, 'push');
}

export function changeWish(changes: { to?: string; from?: string }): void {
  setQuery({ ...(changes.to !== undefined && { promote: changes.to }), ...(changes.from !== undefined && { from: changes.from || null }) });
}

export function closePromote(): void {
  setQuery({ promote: null, from: null, workloads: null, version: null });
}
