/** One polite voice for screen readers: at most one message in a while, the newest of each matter. */
import { signal } from '@preact/signals';

const spoken = signal('');
const EVERY_MS = 5000;
let waiting = new Map<string, string>();
let timer: ReturnType<typeof setTimeout> | undefined;
let lastAt = 0;

function speak(): void {
  timer = undefined;
  lastAt = Date.now();
  const sentences = [...waiting.values()];
  waiting = new Map();
  const shown = sentences.slice(0, 3).join(' ');
  spoken.value = sentences.length > 3 ? `${shown} And ${sentences.length - 3} more changes.` : shown;
}

/** Say a sentence; a later one of the same matter takes its place. */
export function announce(matter: string, sentence: string): void {
  waiting.set(matter, sentence);
  timer ??= setTimeout(speak, Math.max(100, EVERY_MS - (Date.now() - lastAt)));
}

export function Announcer() {
  return (
    <div class="unseen" aria-live="polite">
      {spoken.value}
    </div>
  );
}
