/** The marks of states: one shape for each, readable in one colour, beside a word wherever there is room. */
import type { JSX } from 'preact';
import type { Look, Shape } from '../model/state';

const cut = 'var(--surface)';

const shapes: Record<Shape, JSX.Element> = {
  dot: <circle cx="7" cy="7" r="3" fill="currentColor" />,
  tick: (
    <>
      <circle cx="7" cy="7" r="6" fill="currentColor" />
      <path d="M4 7.2 6.2 9.4 10 5" fill="none" stroke={cut} stroke-width="1.6" />
    </>
  ),
  half: (
    <>
      <circle cx="7" cy="7" r="5.2" fill="none" stroke="currentColor" stroke-width="1.6" />
      <path d="M7 1.8A5.2 5.2 0 0 1 7 12.2Z" fill="currentColor" />
    </>
  ),
  clock: (
    <>
      <circle cx="7" cy="7" r="5.2" fill="none" stroke="currentColor" stroke-width="1.6" />
      <path d="M7 4v3.2l2 1.4" fill="none" stroke="currentColor" stroke-width="1.6" />
    </>
  ),
  diamond: (
    <>
      <path d="M7 .5 13.5 7 7 13.5.5 7Z" fill="currentColor" />
      <circle cx="7" cy="4.9" r="1.5" fill={cut} />
      <path d="M4.2 9.6C4.4 7.9 5.5 7.1 7 7.1s2.6.8 2.8 2.5Z" fill={cut} />
    </>
  ),
  triangle: (
    <>
      <path d="M7 .9 13.5 12.6H.5Z" fill="currentColor" />
      <path d="M7 4.8v3.4M7 9.8v1.2" stroke={cut} stroke-width="1.5" />
    </>
  ),
  octagon: (
    <>
      <path d="M4.3.8h5.4L13.2 4.3v5.4L9.7 13.2H4.3L.8 9.7V4.3Z" fill="currentColor" />
      <path d="m4.7 4.7 4.6 4.6m0-4.6L4.7 9.3" stroke={cut} stroke-width="1.5" />
    </>
  ),
  pause: (
    <>
      <rect x="1" y="1" width="12" height="12" rx="2.5" fill="none" stroke="currentColor" stroke-width="1.6" />
      <path d="M5.2 4.4v5.2M8.8 4.4v5.2" stroke="currentColor" stroke-width="1.6" />
    </>
  ),
  hexagon: (
    <>
      <path d="M3.6 1h6.8L13.4 7l-3 6H3.6L.6 7Z" fill="none" stroke="currentColor" stroke-width="1.5" />
      <path d="M4.4 5.7h5.2M4.4 8.3h5.2M8.6 4 5.4 10" stroke="currentColor" stroke-width="1.2" />
    </>
  ),
  dashed: <circle cx="7" cy="7" r="5.2" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2 2" />,
  absent: (
    <>
      <circle cx="7" cy="7" r="5.2" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2 2" />
      <path d="M4.4 7h5.2" stroke="currentColor" stroke-width="1.6" />
    </>
  ),
  stop: (
    <>
      <circle cx="7" cy="7" r="5.2" fill="none" stroke="currentColor" stroke-width="1.6" />
      <rect x="4.8" y="4.8" width="4.4" height="4.4" rx=".6" fill="currentColor" />
    </>
  ),
  back: (
    <path
      d="M4.6 1.6 1.8 4.4l2.8 2.8M2.2 4.4h5.9a4 4 0 0 1 0 8H4.4"
      fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"
    />
  ),
};

/** The mark alone is for the eye; say the word beside it, or in `unseen` text. */
export function Mark({ look, size = 14 }: { look: Pick<Look, 'shape' | 'family'>; size?: number }) {
  return (
    <svg class={`mark family-${look.family}`} width={size} height={size} viewBox="0 0 14 14" aria-hidden="true">
      {shapes[look.shape]}
    </svg>
  );
}

/** heddle's own: the eye of a heddle, and the thread that passes through. */
export function Logo() {
  return (
    <svg class="logo" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 1v7M16 24v7" stroke="var(--line-strong)" stroke-width="3" stroke-linecap="round" />
      <ellipse cx="16" cy="16" rx="5.5" ry="8" fill="none" stroke="var(--line-strong)" stroke-width="3" />
      <path d="M1 16h30" stroke="var(--accent)" stroke-width="3.5" stroke-linecap="round" />
    </svg>
  );
}
