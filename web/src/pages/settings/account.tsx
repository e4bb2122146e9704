/** Who is signed in, and the ways out. */
import { useEffect, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import { me, signOut, signOutEverywhere, type Role } from '../../api/session';
import type { Session } from '../../api/types.gen';
import { Dialog } from '../../ui/dialog';
import { When } from '../../ui/when';

/** What a token of this role may do; the table of the guide. */
export const roleWords: Record<Role, string> = {
  read: 'see everything but tokens and audit, and make plans',
  promote: 'also promote, roll back, stop, retry, hold and resume',
  approve: 'also approve and reject',
  admin: 'also add clusters, make tokens and read the audit',
};

function Browsers({ sessions }: { sessions: readonly Session[] }) {
  return (
    <ul class="browsers">
      {sessions.map((one) => (
        <li key={one.openedAt + one.usedAt}>
          {one.isThis ? <b>This browser</b> : 'Another browser'}
          <span class="muted">
            , signed in <When at={one.openedAt} />
            {!one.isThis && (
              <>
                , last used <When at={one.usedAt} />
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Everywhere({ sessions, onClose }: { sessions: readonly Session[]; onClose: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const leave = () =>
    void signOutEverywhere().catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      setProblem(error.message);
    });
  return (
    <Dialog
      title="Sign out everywhere?"
      onClose={onClose}
      footer={
        <>
          {problem && (
            <span class="bad foreign" role="alert">
              {problem}
            </span>
          )}
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="button primary" onClick={leave}>
            Sign out {sessions.length === 1 ? 'this browser' : sessions.length ? `${sessions.length} browsers` : 'every browser'}
          </button>
        </>
      }
    >
      <p class="foreign">
        Every browser that was opened with the token of {me.value?.name} is signed out at once, this one too. The token itself stays valid; to end it, have an admin
        revoke it.
      </p>
      <Browsers sessions={sessions} />
    </Dialog>
  );
}

export function Account() {
  const [isAsking, setAsking] = useState(false);
  const [sessions, setSessions] = useState<readonly Session[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    call('GET /api/v1/sessions').then(
      ({ items }) => setSessions(items),
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        setProblem(error.message);
      },
    );
  }, [isAsking]);
  const who = me.value;
  if (!who) return null;
  const leave = () =>
    void signOut().catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      setProblem(error.message);
    });
  return (
    <div class="card">
      <div class="setting">
        <span class="foreign">
          <b>{who.name}</b>, role <b>{who.role}</b>
          <span class="muted">: you may {roleWords[who.role as Role]}</span>
        </span>
        <span class="actions">
          <button type="button" class="button" onClick={leave}>
            Sign out
          </button>
          <button type="button" class="button" onClick={() => setAsking(true)}>
            Sign out everywhere…
          </button>
        </span>
      </div>
      {problem && (
        <p class="bad foreign" role="alert">
          {problem}
        </p>
      )}
      <Browsers sessions={sessions} />
      <p class="muted foreign server">
        heddle {who.server.version} on {who.server.repository}
        {who.server.branch && `, ${who.server.branch}`}
      </p>
      {isAsking && <Everywhere sessions={sessions} onClose={() => setAsking(false)} />}
    </div>
  );
}
