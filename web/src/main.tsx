import { render } from 'preact';
import { loadSession } from './api/session';
import { App } from './app';
import { applyPreferences } from './model/preferences';
import { startClock } from './model/time';
import { followLinks } from './router';
import { listenForKeys } from './ui/keys';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './frame/frame.css';

applyPreferences();
startClock();
followLinks();
listenForKeys();
void loadSession();
render(<App />, document.getElementById('app')!);
