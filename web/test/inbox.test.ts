/** What waits for whom. */
import { describe, expect, it } from 'vitest';
import type { Hold, ReleaseRow } from '../src/api/types.gen';
import { holdsToLookAt, isForApproval, isInTrouble, waitsForOthers } from '../src/model/inbox-rules';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const mia = { name: 'mia', mayApprove: true };
const ada = { name: 'ada', mayApprove: true };

const release = (values: Partial<ReleaseRow> = {}): ReleaseRow => ({
  id: 7, name: 'R-7', kind: 'promote', stage: 'prod', from: 'staging', actor: 'ada', reason: '', phase: 'needs_approval', why: '', isOver: false, isStuck: false,
  planDigest: '5f0c', wave: 1, waves: 1, supersededBy: null, rollbackOf: null, workloads: ['cart'], versions: [], approvedBy: [], commits: [], ...values,
});

describe('an approval', () => {
  it('is for whoever may give one, and did not ask for it', () => {
    expect(isForApproval(release(), mia)).toBe(true);
    expect(isForApproval(release(), ada)).toBe(false);
    expect(isForApproval(release(), { ...mia, mayApprove: false })).toBe(false);
    expect(isForApproval(release({ phase: 'queued' }), mia)).toBe(false);
  });

  it('is given once, and then waits for others, as one’s own does', () => {
    const given = release({ approvedBy: ['mia'] });
    expect([isForApproval(given, mia), waitsForOthers(given, mia)]).toEqual([false, true]);
    expect(waitsForOthers(release(), ada)).toBe(true);
    expect(waitsForOthers(release(), mia)).toBe(false);
    expect(waitsForOthers(release({ phase: 'done' }), ada)).toBe(false);
  });
});

describe('trouble', () => {
  const well = () => 'healthy' as const;
  const ill = (stage: string, workload: string) => (stage === 'prod' && workload === 'cart' ? 'failed' : undefined);
  const failed = release({ phase: 'failed', isOver: true, commits: ['9f31'], finishedAt: '2026-11-01T12:00:00Z' });

  it('is one’s own that is stuck', () => {
    expect(isInTrouble(release({ phase: 'rolling_out', isStuck: true }), ada, well, NOW)).toBe(true);
    expect(isInTrouble(release({ phase: 'rolling_out', isStuck: true }), mia, well, NOW)).toBe(false);
    expect(isInTrouble(release({ phase: 'rolling_out' }), ada, well, NOW)).toBe(false);
  });

  it('is one that failed, until what it brought runs or was taken back', () => {
    expect(isInTrouble(failed, ada, ill, NOW)).toBe(true);
    expect(isInTrouble(failed, ada, well, NOW)).toBe(false);
  });

  it('is for a day one that never came into Git', () => {
    expect(isInTrouble({ ...failed, commits: [], finishedAt: '2026-11-22T13:00:00Z' }, ada, well, NOW)).toBe(true);
    expect(isInTrouble({ ...failed, commits: [] }, ada, ill, NOW)).toBe(false);
  });
});

describe('holds', () => {
  const hold = (id: number, expiresAt?: string): Hold => ({
    id, stage: 'prod', workload: 'cart', owner: 'mia', reason: 'audit', createdAt: `2026-11-2${id}T10:00:00Z`, expiresAt, rejected: null,
  });

  it('that end within a day come first, then those without an end, the oldest first', () => {
    const all = [hold(3), hold(1), hold(2, '2026-11-24T11:00:00Z'), hold(4, '2026-11-23T13:00:00Z'), hold(5, '2026-11-25T13:00:00Z')];
    expect(holdsToLookAt(all, NOW).map(({ id }) => id)).toEqual([4, 2, 1, 3]);
  });
});
