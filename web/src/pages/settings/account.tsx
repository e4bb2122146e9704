/** Who is signed in, and the ways out. */
import { useState } from 'preact/hooks';
import { Problem } from '../../api/client';
import { me, signOut, signOutEverywhere, type Role } from '../../api/session';
import { Dialog } from '../../ui/dialog';

/** What a token of this role may do; the table of the guide. */
export const roleWords: Record<Role, string> = {
  read: 'see everything but tokens and audit, and make plans',
  promote: 'also promote, roll back, stop, retry, hold and resume',
  approve: 'also approve and reject',
  admin: 'also add clusters, make tokens and read the audit',
};

function Everywhere({ onClose }: { onClose: () => void }) {
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
            Sign out every browser
          </button>
        </>
      }
    >
      <p class="foreign">
        Every browser that was opened with the token of {me.value?.name} is signed out at once, this one too. The token itself stays valid; to end it, have an admin
        revoke it.
      </p>
    </Dialog>
  );
}

export function Account() {
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
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
      <p class="muted foreign">
        heddle {who.server.version} on {who.server.repository}
        {who.server.branch && `, ${who.server.branch}`}
      </p>
      {isAsking && <Everywhere onClose={() => setAsking(false)} />}
    </div>
  );
}
