/** What is shown in the place of an answer: while it is waited for, when it did not come, and when there is nothing in it. */
import type { ComponentChildren } from 'preact';
import type { Answer } from '../api/answer.ts';
import type { Refusal, Reply } from '../api/client.ts';

interface Titled {
  readonly title: string;
  /** What it is about. */
  readonly says: string;
}

/** By HTTP status. */
const TITLES: Readonly<Record<number, string>> = {
  0: 'No answer',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not there',
  429: 'Too many requests',
  503: 'Out of service for the moment',
};

const titledOf = ({ status, message }: Refusal): Titled => ({
  title: TITLES[status] ?? (status >= 500 ? 'Something went wrong' : 'Refused'),
  says: message,
});

interface FailedProps {
  readonly refusal: Refusal;
  readonly again?: (() => void) | undefined;
}

/** A refusal in words, and what can be done about it. */
export function Failed({ refusal, again }: FailedProps) {
  const { title, says } = titledOf(refusal);
  return (
    <div class="state bad" role="alert">
      <strong>{title}</strong>
      <p>{says}</p>
      {refusal.status === 403 && (
        <p class="quiet">Another token may; sign out, and in again with that one.</p>
      )}
      {again && refusal.status !== 403 && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Something that is not allowed, said before anybody tries. */
export const NotAllowed = ({
  permission,
  isForAll = false,
}: {
  readonly permission: string;
  /** Whether some zones are not enough. */
  readonly isForAll?: boolean;
}) => (
  <div class="state">
    <strong>Not allowed</strong>
    <p>
      Your token has no “{permission}”{isForAll && ' for all zones'}.
    </p>
  </div>
);

interface EmptyProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

export const Empty = ({ title, children }: EmptyProps) => (
  <div class="state">
    <strong>{title}</strong>
    {children}
  </div>
);

interface ShownProps<T> {
  readonly of: Answer<T>;
  /** What is waited for. */
  readonly what: string;
  readonly children: (reply: Reply<T>) => ComponentChildren;
}

/** An answer, or what there is in its place. A refusal does not take away what was there before. */
export function Shown<T>({ of: { reply, refusal, isAsking, again }, what, children }: ShownProps<T>) {
  if (!reply && refusal && !isAsking) return <Failed refusal={refusal} again={again} />;
  if (!reply)
    return (
      <div class="state" role="status">
        Loading {what} …
      </div>
    );
  return (
    <>
      {refusal && <Failed refusal={refusal} again={again} />}
      {children(reply)}
    </>
  );
}
