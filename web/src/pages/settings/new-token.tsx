/** Making a token: it is shown this once, and never again. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, Problem } from '../../api/client';
import type { NewToken, TokenRequest } from '../../api/types.gen';
import { CopyIcon } from '../../ui/icons';
import { copy } from '../../ui/toast';
import { When } from '../../ui/when';
import { roleWords } from './account';
import { lifetimes, usualLifetime } from './token-rules';

type GivenRole = TokenRequest['role'];
const roles = Object.keys(roleWords) as GivenRole[];

function ShownOnce({ token, onDone }: { token: NewToken; onDone: () => void }) {
  const [isByHand, setByHand] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const take = () =>
    void copy(token.token, 'Token').catch(() => {
      // Browsers let pages copy only over HTTPS, or when they are asked.
      setByHand(true);
      field.current?.select();
    });
  return (
    <div class="shown-once" role="group" aria-label={`The token of ${token.name}`}>
      <p class="foreign">
        The token of <b>{token.name}</b> ({token.role}
        {token.expiresAt && (
          <>
            , until <When at={token.expiresAt} as="moment" />
          </>
        )}
        ). Copy it now: it is shown this once.
      </p>
      <div class="token-line">
        <input ref={field} class="field mono" readOnly aria-label="Token" value={token.token} onFocus={(event) => event.currentTarget.select()} />
        <button ref={button} type="button" class="button primary" onClick={take}>
          <CopyIcon />
          Copy token
        </button>
        <button type="button" class="button" onClick={onDone}>
          Done
        </button>
      </div>
      {isByHand && <p role="status">This browser does not let the page copy; it is selected, so press Ctrl C.</p>}
    </div>
  );
}

export function NewTokenForm({ onMade }: { onMade: () => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<GivenRole>('read');
  const [forMs, setForMs] = useState<number>(usualLifetime);
  const [made, setMade] = useState<NewToken | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  const make = async () => {
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      setMade(await call('POST /api/v1/tokens', { body: { name: name.trim(), role, forMs } }));
      setName('');
      onMade();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error.message);
      field.current?.focus();
    }
    setBusy(false);
  };

  if (made) return <ShownOnce token={made} onDone={() => setMade(null)} />;
  return (
    <form
      class="new-token"
      aria-label="New token"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <div class="token-line">
        <label>
          Name
          <input
            ref={field}
            class="field"
            required
            maxLength={63}
            autocomplete="off"
            spellcheck={false}
            placeholder="mia, or ci"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            aria-describedby={problem ? 'token-problem' : 'token-help'}
            aria-invalid={problem ? true : undefined}
          />
        </label>
        <label>
          Role
          <select class="field" value={role} onChange={(event) => setRole(event.currentTarget.value as GivenRole)}>
            {roles.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <label>
          Valid for
          <select class="field" value={forMs} onChange={(event) => setForMs(Number(event.currentTarget.value))}>
            {lifetimes.map(([words, ms]) => (
              <option key={ms} value={ms}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <button class="button primary" aria-disabled={isBusy}>
          {isBusy ? 'Making…' : 'Make token'}
        </button>
      </div>
      {problem ? (
        <p id="token-problem" class="bad foreign" role="alert">
          {problem}
        </p>
      ) : (
        <p id="token-help" class="muted">
          One for each person and program: its name stands in releases and audit, and four eyes mean two names. It may {roleWords[role]}.
        </p>
      )}
    </form>
  );
}
