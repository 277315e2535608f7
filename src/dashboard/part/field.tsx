/** Fields of forms, each with its label, and what is wrong with it beside it. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Refusal } from '../api/client.ts';

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** What is wrong with it; undefined: nothing. */
  readonly wrong?: string | undefined;
  readonly children: (props: FieldIds) => ComponentChildren;
}

/** What ties an input to its label and to what is said of it. */
interface FieldIds {
  readonly id: string;
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: true;
}

export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(' ');
  return (
    <div class={wrong ? 'field wrong' : 'field'}>
      <label for={id}>{label}</label>
      {children({
        id,
        ...(described && { 'aria-describedby': described }),
        ...(wrong && { 'aria-invalid': true as const }),
      })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p class="wrong-text" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  );
}

interface SelectProps<T extends string> {
  readonly ids?: FieldIds;
  readonly label?: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onPick: (value: T) => void;
  readonly name?: string;
}

export function Select<T extends string>({ ids, label, value, options, onPick, name }: SelectProps<T>) {
  const pick = (picked: string) => {
    const found = options.find(([one]) => one === picked);
    if (found) onPick(found[0]);
  };
  return (
    <select
      {...ids}
      {...(label !== undefined && { 'aria-label': label })}
      {...(name !== undefined && { name })}
      value={value}
      onChange={({ currentTarget }) => pick(currentTarget.value)}
    >
      {options.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  );
}

/** What a refusal says that is about none of the fields of a form. */
export function Rest({
  refusal,
  fields,
}: {
  readonly refusal: Refusal | undefined;
  readonly fields: readonly string[];
}) {
  if (!refusal) return null;
  const isOfField = fields.some((field) => refusal.of(field) !== undefined);
  return (
    <p class="wrong-text" role="alert">
      {isOfField ? 'That was refused: see the fields above.' : refusal.message}
    </p>
  );
}
