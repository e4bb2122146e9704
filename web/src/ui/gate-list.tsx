/** The rules before a stage, each with its verdict now. */
import type { Gate } from '../api/types.gen';
import type { Look } from '../model/state';
import { Mark } from './mark';
import { When } from './when';

const gateLooks: Record<Gate['verdict'], Look> = {
  open: { shape: 'tick', family: 'ok', word: 'open' },
  waiting: { shape: 'clock', family: 'neutral', word: 'waiting' },
  closed: { shape: 'octagon', family: 'attention', word: 'closed' },
};

export function GateList({ gates }: { gates: readonly Gate[] }) {
  if (!gates.length) return null;
  return (
    <ul class="plain">
      {gates.map((gate) => (
        <li key={gate.name} class="with-mark">
          <Mark look={gateLooks[gate.verdict]} />
          <span class="foreign">
            <b>{gate.name}</b> is {gateLooks[gate.verdict].word}. {gate.verdict !== 'open' && gate.reason}
            {gate.askAgainAt && gate.verdict !== 'open' && (
              <>
                {' '}
                Until <When at={gate.askAgainAt} as="moment" />.
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
