import { say } from './announce.tsx';

interface CopyProps {
  readonly text: string;
  /** What it is, for whoever does not see where the button stands. */
  readonly what: string;
}

/** A button that copies a text. Words of its own say what, where they are there. */
export const Copy = ({ text, what, children }: CopyProps & { readonly children?: string }) => (
  <button
    type="button"
    class="small"
    {...(children === undefined && { 'aria-label': `Copy ${what}` })}
    onClick={() => void copy(text, what)}
  >
    {children ?? 'Copy'}
  </button>
);

async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied: ${what}.`);
  } catch {
    // Browsers give the clipboard to secure pages alone.
    say('This browser does not let the page copy: mark the text and copy it.');
  }
}

/** A text to copy, with the button for it. */
export const Copied = ({ text, what }: CopyProps) => (
  <span class="copied">
    <code>{text}</code> <Copy text={text} what={what} />
  </span>
);
