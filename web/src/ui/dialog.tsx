/** Dialogs in the middle and sheets at the side, by the browser's own <dialog>: focus stays inside, Esc closes. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useId, useRef } from 'preact/hooks';
import { CloseIcon } from './icons';

interface Props {
  title: ComponentChildren;
  onClose: () => void;
  /** It is closed, and the focus is where it was before, if that is still there; here it may go elsewhere. */
  onClosed?: () => void;
  children: ComponentChildren;
  footer?: ComponentChildren;
  /** A sheet stands at the side, and what is behind stays in reach unless it is modal. */
  kind?: 'dialog' | 'sheet';
  isModal?: boolean;
  class?: string;
}

export function Dialog({ title, onClose, onClosed, children, footer, kind = 'dialog', isModal = true, class: extra = '' }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const before = useRef<Element | null>(null);
  const id = useId();
  // Before the next key arrives: it belongs to the dialog.
  useLayoutEffect(() => {
    const dialog = element.current!;
    before.current = document.activeElement;
    if (isModal) dialog.showModal();
    else dialog.show();
    return () => {
      dialog.close();
      if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus();
      onClosed?.();
    };
  }, [isModal]);
  return (
    <dialog
      ref={element}
      class={`${kind} ${extra}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !isModal) onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current && isModal) onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <span class="spacer" />
        <button class="button quiet icon" aria-label="Close" onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <div class="content">{children}</div>
      {footer && <footer>{footer}</footer>}
    </dialog>
  );
}
