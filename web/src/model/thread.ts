/** Threads: the line under neighbouring cells of a row that run the same version. */
import type { Cell, Image } from '../api/types.gen';

export interface Stitch {
  /** Goes on to the neighbour. */
  left: boolean;
  right: boolean;
  /** Of the newest version. */
  isNewest: boolean;
  /** On its way: Git has it, the pods do not all run it. */
  isLoose: boolean;
}

export function identity(version: { digest?: string; tag?: string; version?: string } | null | undefined): string {
  return version ? version.digest || version.tag || version.version || '' : '';
}

/** The newest version as a cell of its row tells versions: of a chart, the digest stands in Git or nowhere. */
export function identityBeside(cell: { digest?: string; isChart?: boolean } | null | undefined, newest: Image | null): string {
  return identity(newest && cell?.isChart && !cell.digest ? { tag: newest.tag } : newest);
}

/** Does not everything run yet what Git says?  What is well and runs only now and then, a CronJob, is not on its way. */
function isOnItsWay(cell: Cell): boolean {
  if (cell.state === 'healthy') return false;
  if (cell.state === 'rolling_out') return true;
  return cell.targets.some((target) => (target.runningDigest ? target.runningDigest !== target.digest : target.running !== target.version));
}

/** `before` and `after` are what the neighbours have; a column without a cell has null. */
export function stitch(cell: Cell, newest: Image | null, before: string | null, after: string | null): Stitch {
  const own = identity(cell);
  return {
    left: own !== '' && before === own,
    right: own !== '' && after === own,
    isNewest: newest !== null && identityBeside(cell, newest) === own,
    isLoose: isOnItsWay(cell),
  };
}
