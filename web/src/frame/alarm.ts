/** What interrupts a screen reader on any page: a release of one's own that is stuck or failed.  All else waits for its turn. */
import { useEffect } from 'preact/hooks';
import { me } from '../api/session';
import type { ReleaseRow } from '../api/types.gen';
import { on } from '../live/live';
import { isOwnTrouble } from '../model/inbox-rules';
import { alarm } from '../ui/announce';

/** While someone is signed in. */
export function useAlarm(): void {
  useEffect(() => {
    const told = new Set<string>();
    return on('release', (data) => {
      const row = data as ReleaseRow;
      const sentence = `Your release ${row.name} to ${row.stage} ${row.phase === 'failed' ? 'failed' : 'is stuck'}.`;
      if (!isOwnTrouble(row, me.peek()?.name) || told.has(sentence)) return;
      told.add(sentence);
      alarm(sentence);
    });
  }, []);
}
