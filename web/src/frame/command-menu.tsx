/** Ctrl-K: go anywhere, find anything, do what can be done here. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { SearchIcon } from '../ui/icons';
import { allCommands, search } from './commands';

const SHOWN_MAX = 50;

export function CommandMenu({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const commands = useMemo(allCommands, []);
  const found = useMemo(() => search(commands, text, SHOWN_MAX), [commands, text]);
  const current = Math.min(at, found.length - 1);

  // Before the next key arrives: a fast typist's first letters belong to the menu, too.
  useLayoutEffect(() => {
    const element = dialog.current!;
    const before = document.activeElement;
    element.showModal();
    return () => {
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEffect(() => {
    document.getElementById(`command-${current}`)?.scrollIntoView({ block: 'nearest' });
  }, [current, found]);

  const run = (index: number) => {
    const command = found[index];
    if (!command) return;
    onClose();
    command.run();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((current + step + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(current);
    }
  };

  return (
    <dialog
      ref={dialog}
      class="commands"
      aria-label="Search or jump"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="commands-field">
        <SearchIcon />
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="commands-found"
          aria-activedescendant={found.length ? `command-${current}` : undefined}
          aria-label="Search workloads, pages and actions"
          placeholder="Search workloads, pages and actions"
          autocomplete="off"
          spellcheck={false}
          autofocus
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
        <kbd>Esc</kbd>
      </div>
      <ul id="commands-found" role="listbox" aria-label="Found">
        {found.map((command, index) => (
          <li
            key={`${command.kind} ${command.title}`}
            id={`command-${index}`}
            role="option"
            aria-selected={index === current}
            onPointerMove={() => setAt(index)}
            onClick={() => run(index)}
          >
            <span class="kind">{command.kind}</span>
            <span class="foreign title">{command.title}</span>
            {command.hint && <span class="hint">{command.hint}</span>}
          </li>
        ))}
      </ul>
      {!found.length && <p class="muted nothing">Nothing is called “{text}”.</p>}
    </dialog>
  );
}
