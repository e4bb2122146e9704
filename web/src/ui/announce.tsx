/** The voice for screen readers: one polite one, at most one message in a while, the newest of each matter; and an alarm. */
import { signal } from '@preact/signals';

export interface Message {
  sentence: string;
  /** What it counts as when there is much to say at once: { of: 'workloads', as: 'stuck' }. */
  sum?: { of: string; as: string };
}

const spoken = signal('');
const alarmed = signal('');
const EVERY_MS = 5000;
/** More are summed up: nobody listens to a list. */
const SENTENCES_MAX = 3;
let waiting = new Map<string, Message>();
let timer: ReturnType<typeof setTimeout> | undefined;
let lastAt = 0;

function countBy<T>(all: readonly T[], nameOf: (one: T) => string): [string, number][] {
  const found = new Map<string, number>();
  for (const one of all) found.set(nameOf(one), (found.get(nameOf(one)) ?? 0) + 1);
  return [...found];
}

/** "5 workloads changed: 1 stuck, 4 healthy."  The rarest first: most of what happens is well. */
export function inOneBreath(messages: readonly Message[]): string {
  if (messages.length <= SENTENCES_MAX) return messages.map(({ sentence }) => sentence).join(' ');
  const single = messages.filter(({ sum }) => !sum);
  const sums = messages.flatMap(({ sum }) => sum ?? []);
  const said = single.slice(0, SENTENCES_MAX).map(({ sentence }) => sentence);
  for (const [of, count] of countBy(sums, (sum) => sum.of)) {
    if (count === 1) {
      said.push(...messages.flatMap(({ sentence, sum }) => (sum?.of === of ? sentence : [])));
      continue;
    }
    const parts = countBy(sums.filter((sum) => sum.of === of), (sum) => sum.as).sort((a, b) => a[1] - b[1]);
    said.push(`${count} ${of} changed: ${parts.map(([as, number]) => `${number} ${as}`).join(', ')}.`);
  }
  if (single.length > SENTENCES_MAX) said.push(`And ${single.length - SENTENCES_MAX} more.`);
  return said.join(' ');
}

function speak(): void {
  timer = undefined;
  lastAt = Date.now();
  const messages = [...waiting.values()];
  waiting = new Map();
  spoken.value = inOneBreath(messages);
}

/** Say a sentence; a later one of the same matter takes its place. */
export function announce(matter: string, sentence: string, sum?: Message['sum']): void {
  waiting.set(matter, { sentence, sum });
  timer ??= setTimeout(speak, Math.max(100, EVERY_MS - (Date.now() - lastAt)));
}

/** Say it at once, whatever is being said: for what this person must not miss. */
export function alarm(sentence: string): void {
  alarmed.value = sentence;
}

export function Announcer() {
  return (
    <>
      <div class="unseen" aria-live="polite">
        {spoken.value}
      </div>
      <div class="unseen" aria-live="assertive">
        {alarmed.value}
      </div>
    </>
  );
}
