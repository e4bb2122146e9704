/** Who you are, and how you like it. */
import { me, signOut, signOutEverywhere } from '../api/session';
import { Problem } from '../api/client';
import { density, theme, zone } from '../model/preferences';
import { go } from '../router';
import { PersonIcon } from '../ui/icons';
import { Menu, MenuItem } from '../ui/menu';
import { toast } from '../ui/toast';
import { isShortcutListOpen } from './state';

async function attempt(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    toast(error.message);
  }
}

export function UserMenu() {
  const who = me.value;
  if (!who) return null;
  const themes = [['system', 'Like the system'], ['light', 'Light'], ['dark', 'Dark']] as const;
  const densities = [['comfortable', 'Comfortable rows'], ['compact', 'Compact rows'], ['dense', 'Dense rows']] as const;
  const zones = [['local', 'Local time'], ['utc', 'UTC']] as const;
  return (
    <Menu label={`${who.name}: you and your settings`} button={<PersonIcon />} class="button quiet icon">
      <div class="menu-head" role="presentation">
        <b class="foreign">{who.name}</b>
        {who.role}, heddle {who.server.version}
      </div>
      <hr />
      {themes.map(([value, label]) => (
        <MenuItem key={value} checked={theme.value === value} onChoose={() => (theme.value = value)}>{label}</MenuItem>
      ))}
      <hr />
      {densities.map(([value, label]) => (
        <MenuItem key={value} checked={density.value === value} onChoose={() => (density.value = value)}>{label}</MenuItem>
      ))}
      <hr />
      {zones.map(([value, label]) => (
        <MenuItem key={value} checked={zone.value === value} onChoose={() => (zone.value = value)}>{label}</MenuItem>
      ))}
      <hr />
      <MenuItem onChoose={() => go('/settings')}>
        Settings <span class="spacer" /> <kbd>g s</kbd>
      </MenuItem>
      <MenuItem onChoose={() => (isShortcutListOpen.value = true)}>
        Shortcuts <span class="spacer" /> <kbd>?</kbd>
      </MenuItem>
      <MenuItem onChoose={() => void attempt(signOut)}>Sign out</MenuItem>
      <MenuItem onChoose={() => void attempt(signOutEverywhere)}>Sign out everywhere</MenuItem>
    </Menu>
  );
}
