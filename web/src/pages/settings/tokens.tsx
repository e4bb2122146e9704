/** Who may come in: tokens, new ones, and the end of old ones. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import { me } from '../../api/session';
import type { Token } from '../../api/types.gen';
import { clock } from '../../model/time';
import { Dialog } from '../../ui/dialog';
import { Loading, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { toast } from '../../ui/toast';
import { When } from '../../ui/when';
import { NewTokenForm } from './new-token';
import { effectOf, isValid, sorted } from './token-rules';

interface RevokeProps {
  token: Token;
  all: readonly Token[];
  onClose: () => void;
  onRevoked: () => void;
}

function Revoke({ token, all, onClose, onRevoked }: RevokeProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const revoke = async () => {
    try {
      await call('DELETE /api/v1/tokens/{name}', { path: { name: token.name } });
      toast(`${token.name} is revoked`);
      onClose();
      onRevoked();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error.message);
    }
  };
  return (
    <Dialog
      title={<span class="foreign">Revoke {token.name}?</span>}
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
          <button type="button" class="button danger" onClick={() => void revoke()}>
            Revoke {token.name}
          </button>
        </>
      }
    >
      <p class="foreign">{effectOf(token, all, me.value?.name ?? '', clock.value)} This cannot be undone.</p>
    </Dialog>
  );
}

function End({ token }: { token: Token }) {
  if (token.revokedAt) {
    return (
      <>
        revoked <When at={token.revokedAt} />
      </>
    );
  }
  if (!token.expiresAt) return <>never</>;
  return isValid(token, clock.value) ? (
    <When at={token.expiresAt} as="moment" />
  ) : (
    <>
      expired <When at={token.expiresAt} />
    </>
  );
}

function TokenRow({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const works = isValid(token, clock.value);
  return (
    <tr role="row" class={works ? '' : 'ended'}>
      <th role="rowheader" scope="row" class="foreign">
        {token.name}
        {works && token.name === me.value?.name && <span class="muted"> (you)</span>}
      </th>
      <td role="cell">
        {token.role}
        {token.cluster && <span class="muted foreign"> of {token.cluster}</span>}
      </td>
      <td role="cell" data-label="made">{token.createdAt && <When at={token.createdAt} />}</td>
      <td role="cell" data-label="used">{token.usedAt ? <When at={token.usedAt} /> : 'never'}</td>
      <td role="cell" data-label="ends">
        <End token={token} />
      </td>
      <td role="cell" class="act">
        {works && (
          <button type="button" class="button" onClick={onRevoke}>
            Revoke…<span class="unseen"> {token.name}</span>
          </button>
        )}
      </td>
    </tr>
  );
}

function TokenTable({ tokens, onRevoke }: { tokens: readonly Token[]; onRevoke: (token: Token) => void }) {
  return (
    <table role="table" class="tokens" aria-label="Tokens">
      <thead role="rowgroup">
        <tr role="row">
          {['Name', 'Role', 'Made', 'Last used', 'Ends'].map((name) => (
            <th key={name} role="columnheader" scope="col">
              {name}
            </th>
          ))}
          <th role="columnheader" scope="col">
            <span class="unseen">Revoke</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {tokens.map((token) => (
          <TokenRow key={`${token.name} ${token.createdAt}`} token={token} onRevoke={() => onRevoke(token)} />
        ))}
      </tbody>
    </table>
  );
}

export function Tokens() {
  const [tokens, setTokens] = useState<readonly Token[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const [isAll, setAll] = useState(false);
  const read = useCallback(async () => {
    try {
      setTokens((await call('GET /api/v1/tokens')).items);
      setProblem(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  }, []);
  useEffect(() => void read(), []);

  const retry = () => void read();
  if (!tokens) {
    if (problem) return <ProblemNotice what="Tokens cannot be read" problem={problem} onRetry={retry} />;
    return (
      <Loading>
        <div class="skeleton" />
      </Loading>
    );
  }
  const now = clock.value;
  const ended = tokens.filter((token) => !isValid(token, now)).length;
  const shown = sorted(tokens, now).filter((token) => isAll || isValid(token, now));
  return (
    <div class="card">
      <NewTokenForm onMade={retry} />
      {problem && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={retry} />}
      <TokenTable tokens={shown} onRevoke={setRevoking} />
      {ended > 0 && (
        <label class="labelled ended-too">
          <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.currentTarget.checked)} />
          Also {ended} revoked or expired
        </label>
      )}
      {revoking && <Revoke token={revoking} all={tokens} onClose={() => setRevoking(null)} onRevoked={retry} />}
    </div>
  );
}
