/** Settings: how you like it, who you are here, and, for admins, who may come in. */
import { useEffect } from 'preact/hooks';
import { may } from '../../api/session';
import { Account } from './account';
import { Likes } from './likes';
import { Tokens } from './tokens';
import './settings.css';

function NoTokens() {
  return (
    <p class="muted">
      You may not see them. An admin makes one for a person or a program: <code>heddle token create NAME --role promote</code>
    </p>
  );
}

export function SettingsPage() {
  useEffect(() => {
    document.title = 'Settings · heddle';
  }, []);
  return (
    <div class="settings">
      <h1>Settings</h1>
      <section aria-labelledby="likes">
        <h2 id="likes">How it looks</h2>
        <Likes />
      </section>
      <section aria-labelledby="account">
        <h2 id="account">You</h2>
        <Account />
      </section>
      <section aria-labelledby="tokens">
        <h2 id="tokens">Tokens</h2>
        {may('admin') ? <Tokens /> : <NoTokens />}
      </section>
    </div>
  );
}
