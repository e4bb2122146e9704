/** How full something is: parts of a whole, one after the other.  What it shows is said in words beside it. */

export interface LevelPart {
  kind: 'used' | 'asked' | 'more' | 'surge';
  value: number;
}

export function LevelBar({ parts, of }: { parts: readonly LevelPart[]; of: number }) {
  return (
    <span class="level" aria-hidden="true">
      {parts.map(({ kind, value }) => value !== 0 && <i key={kind} class={kind} style={{ width: `${Math.min(100, (Math.abs(value) / Math.max(1, of)) * 100)}%` }} />)}
    </span>
  );
}
