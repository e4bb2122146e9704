/** Icons that are no states: 16 px, in the colour of their text. */
import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"
      fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"
    >
      {children}
    </svg>
  );
}

export const CloseIcon = () => <Icon><path d="m4 4 8 8m0-8-8 8" /></Icon>;
export const SearchIcon = () => <Icon><circle cx="7" cy="7" r="4.2" /><path d="m10.2 10.2 3.3 3.3" /></Icon>;
export const PersonIcon = () => <Icon><circle cx="8" cy="5.4" r="2.6" /><path d="M2.8 13.6c.7-2.6 2.7-3.9 5.2-3.9s4.5 1.3 5.2 3.9" /></Icon>;
export const CopyIcon = () => <Icon><rect x="5.5" y="5.5" width="8" height="8" rx="1.5" /><path d="M10.5 3.2A1.2 1.2 0 0 0 9.3 2.5H4A1.5 1.5 0 0 0 2.5 4v5.3a1.2 1.2 0 0 0 .7 1.2" /></Icon>;
export const DownIcon = () => <Icon><path d="m4.5 6.5 3.5 3.5 3.5-3.5" /></Icon>;
export const MenuIcon = () => <Icon><path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" /></Icon>;
