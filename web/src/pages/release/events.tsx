/** The tab Events: what happened, line by line, and as text to be pasted elsewhere. */
import type { Release } from '../../api/types.gen';
import { happeningsOf } from '../../model/release';
import { CopyIcon } from '../../ui/icons';
import { copy } from '../../ui/toast';
import { When } from '../../ui/when';

export function Events({ release }: { release: Release }) {
  const all = happeningsOf(release);
  const asText = () => all.map(({ at, what, text }) => [at, what, text].filter(Boolean).join('  ')).join('\n');
  return (
    <div class="progress">
      <div class="table-scroll" tabIndex={0} role="group" aria-label="Events">
        <table class="facts">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">
                <span class="unseen">Text</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map(({ at, what, text }, order) => (
              <tr key={order}>
                <td class="when">
                  <When at={at} as="second" />
                </td>
                <td class="foreign">{what}</td>
                <td class="foreign">{text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div>
        <button type="button" class="button" onClick={() => void copy(asText(), 'Events')}>
          <CopyIcon />
          Copy as text
        </button>
      </div>
    </div>
  );
}
