/** What stands around every page: navigation, search, how live it is, and who you are. */
import type { ComponentChildren } from 'preact';
import { pages } from '../pages';
import { go, href, path } from '../router';
import { MenuIcon, SearchIcon } from '../ui/icons';
import { useShortcuts } from '../ui/keys';
import { Menu } from '../ui/menu';
import { Logo } from '../ui/mark';
import { density } from '../model/preferences';
import { useAlarm } from './alarm';
import { CommandMenu } from './command-menu';
import { useCommands } from './commands';
import { ConnectionPill, StaleBar } from './connection';
import { useFavicon } from './favicon';
import { OutageBars } from './outage-bar';
import { ShortcutList } from './shortcut-list';
import { isCommandMenuOpen, isShortcutListOpen, toggleTheme } from './state';
import { UserMenu } from './user-menu';
import { usualCommands } from './usual-commands';

const inNavigation = pages.flatMap((page) => (page.nav ? [{ path: page.pattern, ...page.nav }] : []));

function isHere(at: string): boolean {
  return path.value === at || path.value.startsWith(`${at}/`) || (at === '/board' && path.value === '/');
}

function NavigationCount({ count }: { count: number }) {
  return (
    <span class="nav-count">
      {count}
      <span class="unseen"> {count === 1 ? 'waits' : 'wait'} for you</span>
    </span>
  );
}

function NavigationLinks({ asMenu = false }: { asMenu?: boolean }) {
  return (
    <>
      {inNavigation.map(({ path: at, label, count }) => (
        <a key={at} href={href(at)} class={asMenu ? 'menu-item' : ''} role={asMenu ? 'menuitem' : undefined} aria-current={isHere(at) ? 'page' : undefined}>
          {label}
          {count && count.value > 0 && <NavigationCount count={count.value} />}
        </a>
      ))}
    </>
  );
}

/** A fragment in the address would be one of <base>, so focus is moved by hand. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

export function Frame({ children }: { children: ComponentChildren }) {
  useCommands(usualCommands);
  useFavicon();
  useAlarm();
  useShortcuts([
    { keys: 'mod+k', does: 'Search, or do something', run: () => (isCommandMenuOpen.value = true) },
    { keys: '?', does: 'Show the shortcuts', run: () => (isShortcutListOpen.value = true) },
    { keys: 't', does: 'Light or dark', run: toggleTheme },
    { keys: '1', does: 'Comfortable rows', run: () => (density.value = 'comfortable') },
    { keys: '2', does: 'Compact rows', run: () => (density.value = 'compact') },
    { keys: '3', does: 'Dense rows', run: () => (density.value = 'dense') },
    ...inNavigation.map(({ path: at, label, key }) => ({ keys: `g ${key}`, does: `Go to ${label}`, run: () => go(at) })),
    { keys: 'g s', does: 'Go to Settings', run: () => go('/settings') },
  ]);
  return (
    <div class="frame">
      <a class="skip" href={href('/')} onClick={skip}>
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href={href('/board')}>
          <Logo />
          heddle
        </a>
        <nav class="wide" aria-label="Main">
          <NavigationLinks />
        </nav>
        {inNavigation.length > 1 && (
          <div class="narrow">
            <Menu label="Pages" button={<MenuIcon />} class="button quiet icon">
              <NavigationLinks asMenu />
            </Menu>
          </div>
        )}
        <span class="spacer" />
        <button class="search" onClick={() => (isCommandMenuOpen.value = true)} aria-keyshortcuts="Control+K Meta+K">
          <SearchIcon />
          <span>Search or jump</span>
          <kbd aria-hidden="true">{navigator.platform.startsWith('Mac') ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <ConnectionPill />
        <UserMenu />
      </header>
      <StaleBar />
      <OutageBars />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      {isCommandMenuOpen.value && <CommandMenu onClose={() => (isCommandMenuOpen.value = false)} />}
      {isShortcutListOpen.value && <ShortcutList onClose={() => (isShortcutListOpen.value = false)} />}
    </div>
  );
}
