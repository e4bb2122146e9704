/** A button that opens a menu: arrows move, Esc closes, the browser's popover keeps it above all else. */
import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';

interface Props {
  label: string;
  button: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}

const items = (menu: HTMLElement) => [...menu.querySelectorAll<HTMLElement>('[role^=menuitem]')];

export function Menu({ label, button, class: extra = 'button quiet', children }: Props) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const place = () => {
    const box = opener.current!.getBoundingClientRect();
    menu.current!.style.top = `${box.bottom + 4}px`;
    menu.current!.style.right = `${Math.max(8, innerWidth - box.right)}px`;
  };
  const move = (event: KeyboardEvent) => {
    const all = items(menu.current!);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all.at(to % all.length)?.focus();
  };
  return (
    <div class="menu">
      <button ref={opener} type="button" class={extra} aria-haspopup="menu" aria-label={label} popoverTarget={id}>
        {button}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        onBeforeToggle={place}
        onToggle={(event) => {
          if ((event as unknown as ToggleEvent).newState === 'open') items(menu.current!)[0]?.focus();
        }}
        onKeyDown={move}
        onClick={(event) => {
          if ((event.target as Element).closest('[role=menuitem], a')) menu.current!.hidePopover();
        }}
      >
        {children}
      </div>
    </div>
  );
}

export function MenuItem({ onChoose, children, checked }: { onChoose: () => void; children: ComponentChildren; checked?: boolean }) {
  const kind = checked === undefined ? { role: 'menuitem' as const } : { role: 'menuitemradio' as const, 'aria-checked': checked };
  return (
    <button type="button" class="menu-item" tabIndex={-1} onClick={onChoose} {...kind}>
      {children}
    </button>
  );
}
