/** Whether there is room for tables; the same width as in the styles. */
import { signal } from '@preact/signals';

const narrow = matchMedia('(max-width: 640px)');

export const isNarrow = signal(narrow.matches);
narrow.addEventListener('change', () => (isNarrow.value = narrow.matches));
