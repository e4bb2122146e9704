/** Short words about what was accepted.  Errors never come here: they stand next to what caused them. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

interface Toast {
  id: number;
  text: ComponentChildren;
}

const toasts = signal<readonly Toast[]>([]);
const SHOWN_MS = 6000;
let lastId = 0;

export function toast(text: ComponentChildren): void {
  const id = ++lastId;
  toasts.value = [...toasts.value, { id, text }];
  setTimeout(() => (toasts.value = toasts.value.filter((one) => one.id !== id)), SHOWN_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ id, text }) => (
        <div class="toast" key={id}>{text}</div>
      ))}
    </div>
  );
}

/** Put text on the clipboard, and say so. */
export async function copy(text: string, what: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  toast(`${what} copied`);
}
