/** Things that can be done with what is shown.  What cannot be done now stays in its place, and says why. */
import { useId } from 'preact/hooks';

export interface Action {
  /** Verb and object. */
  text: string;
  kind?: 'primary' | 'danger';
  /** Why not now; null: it can be done. */
  obstacle?: string | null;
  run(): void;
}

export function Actions({ list }: { list: readonly Action[] }) {
  const id = useId();
  const obstacles = [...new Set(list.flatMap(({ obstacle }) => obstacle ?? []))];
  if (!list.length) return null;
  return (
    <div class="actions-row">
      {list.map(({ text, kind, obstacle, run }) => (
        <button
          key={text}
          type="button"
          class={`button ${kind ?? ''}`}
          aria-disabled={obstacle ? true : undefined}
          aria-describedby={obstacle ? `${id}-${obstacles.indexOf(obstacle)}` : undefined}
          onClick={() => {
            if (!obstacle) run();
          }}
        >
          <span class="foreign">{text}</span>
        </button>
      ))}
      {obstacles.map((obstacle, at) => (
        <p key={obstacle} id={`${id}-${at}`} class="muted foreign">
          {obstacle}
        </p>
      ))}
    </div>
  );
}
