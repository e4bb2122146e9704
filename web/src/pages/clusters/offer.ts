/** What a source offers to one cluster: the rows of Deploy. */
import type { Image, Plan } from '../../api/types.gen';

export interface Offer {
  workload: string;
  /** null: the board knows what is here. */
  here: Image | null;
  /** null: nothing, or the same as here. */
  offered: Image | null;
  canMove: boolean;
  isSame: boolean;
  note: string;
}

const rank = (offer: Offer) => (offer.canMove ? 0 : offer.isSame ? 2 : 1);

/** What differs comes first: what can move, then what cannot and why; then what is up to date. */
export function offersOf(plan: Plan, cluster: string): Offer[] {
  const moving = plan.items
    .filter((item) => item.target === cluster)
    .map(({ workload, changes }): Offer => {
      const others = changes.length - 1;
      const notes = [
        ...(changes.some((change) => change.isOlder) ? ['Backward: the source has an older one'] : []),
        ...(others > 0 ? [`and ${others} more ${others === 1 ? 'container' : 'containers'}`] : []),
      ];
      return { workload, here: changes[0]!.from, offered: changes[0]!.to, canMove: true, isSame: false, note: notes.join(', ') };
    });
  const staying = plan.skipped
    .filter((skip) => skip.target === cluster)
    .map(({ workload, hasIt, reason }): Offer => ({ workload, here: null, offered: null, canMove: false, isSame: hasIt, note: hasIt ? 'Up to date' : reason }));
  return [...moving, ...staying].sort((a, b) => rank(a) - rank(b) || a.workload.localeCompare(b.workload));
}
