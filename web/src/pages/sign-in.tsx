/** Signing in: a token, once; this browser then has a session, and where you wanted to go is where you are. */
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/client';
import { signIn } from '../api/session';
import { go, path, place } from '../router';
import { Logo } from '../ui/mark';

/** A link may bring the token, after a "#" that browsers keep to themselves: heddle's demo prints such a link. */
function takeTokenFromLink(): string {
  const token = /^#token=(hdl_\w+)$/.exec(location.hash)?.[1] ?? '';
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

export function SignInPage() {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const enter = async (token: string) => {
    setBusy(true);
    setProblem(null);
    try {
      await signIn(token);
      if (path.value === '/sign-in') go('/board', {}, 'replace');
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error.status === 401 ? 'This token is not valid: unknown, revoked or expired.' : error.message);
    } finally {
      setBusy(false);
    }
  };

  useEffect(() => {
    document.title = 'Sign in · heddle';
    const token = takeTokenFromLink();
    if (token) void enter(token);
  }, [place.value]);

  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const token = new FormData(event.currentTarget).get('token');
          void enter(String(token).trim());
        }}
      >
        <h1 class="brand">
          <Logo />
          heddle
        </h1>
        <label for="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          class="field mono"
          autocomplete="current-password"
          spellcheck={false}
          placeholder="hdl_…"
          required
          autofocus
          aria-describedby={problem ? 'sign-in-problem' : 'sign-in-help'}
          aria-invalid={problem ? true : undefined}
        />
        {problem && (
          <p id="sign-in-problem" class="bad foreign" role="alert">
            {problem}
          </p>
        )}
        <button class="button primary" aria-disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
        <p id="sign-in-help" class="muted">
          An admin makes you a token: <code>heddle token create NAME --role promote</code>
        </p>
      </form>
    </main>
  );
}
