import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface SectionProps {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of a view, with a heading of its own. */
export function Section({ title, aside, children }: SectionProps) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

interface Fact {
  readonly name: string;
  readonly value: ComponentChildren;
}

/** Names with their values. */
export const Facts = ({ of }: { readonly of: readonly Fact[] }) => (
  <dl class="facts">
    {of.map(({ name, value }) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

interface HeadProps {
  readonly title: ComponentChildren;
  /** What the window is called. */
  readonly name: string;
  readonly above?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** The head of a view. */
export function Head({ title, name, above, children }: HeadProps) {
  document.title = `${name} · certpacks`;
  return (
    <div class="head">
      <div>
        {above && (
          <nav aria-label="Where this is" class="above">
            {above}
          </nav>
        )}
        <h1 tabIndex={-1}>{title}</h1>
      </div>
      {children && <div class="buttons">{children}</div>}
    </div>
  );
}
