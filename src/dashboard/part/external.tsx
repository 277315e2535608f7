import type { ComponentChildren } from 'preact';

/** A link that leads to somebody else, in a window of its own, which is told nothing of this page. */
export const External = ({ to, children }: { readonly to: string; readonly children: ComponentChildren }) => (
  <a class="button" href={to} target="_blank" rel="noopener noreferrer">
    {children}
  </a>
);
