/** What of the frame is open. */
import { signal } from '@preact/signals';
import { isDark, theme } from '../model/preferences';

export const isCommandMenuOpen = signal(false);
export const isShortcutListOpen = signal(false);

export function toggleTheme(): void {
  theme.value = isDark.value ? 'light' : 'dark';
}
