import { singleKeys } from '../model/preferences';
import { Dialog } from '../ui/dialog';
import { shortcuts } from '../ui/keys';

const shown: Record<string, string> = {
  'mod+k': 'Ctrl K', 'mod+a': 'Ctrl A', ArrowDown: '↓', ArrowUp: '↑', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc', ' ': 'Space',
};

export function ShortcutList({ onClose }: { onClose: () => void }) {
  const byWords = new Map<string, string[]>();
  for (const { keys, does } of shortcuts()) {
    if (does) byWords.set(does, [...(byWords.get(does) ?? []), shown[keys] ?? keys]);
  }
  return (
    <Dialog title="Shortcuts" onClose={onClose}>
      <dl class="shortcuts">
        {[...byWords].map(([does, keys]) => (
          <div key={does}>
            <dt>{does}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <label class="labelled">
        <input
          type="checkbox"
          checked={singleKeys.value === 'on'}
          onChange={(event) => (singleKeys.value = event.currentTarget.checked ? 'on' : 'off')}
        />
        Shortcuts of a single letter
      </label>
    </Dialog>
  );
}
