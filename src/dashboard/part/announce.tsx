/** What is read out by screen readers, and seen for a moment by everybody else. */
import { signal } from '@preact/signals';

const said = signal('');
let timer: ReturnType<typeof setTimeout> | undefined;

/** Says it once. */
export function say(text: string): void {
  clearTimeout(timer);
  said.value = text;
  timer = setTimeout(() => {
    said.value = '';
  }, 6_000);
}

/** Where it is said; there from the beginning, as what comes later is not always heard. */
export const Announcer = () => (
  <div class="announcer" role="status" aria-live="polite">
    {said.value !== '' && <span>{said.value}</span>}
  </div>
);
