/** The usual fields: one line of text, a choice, and what is searched for. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Field, Select } from './field.tsx';

interface Common {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly wrong?: string | undefined;
  readonly name: string;
}

interface TextProps extends Common {
  readonly value: string;
  readonly onText: (text: string) => void;
  readonly placeholder?: string;
  /** More than one line of text. */
  readonly rows?: number;
}

export function Text({ name, value, onText, placeholder, rows, ...field }: TextProps) {
  const plain = { name, value, spellcheck: false, autocapitalize: 'none' } as const;
  const hint = placeholder === undefined ? {} : { placeholder };
  return (
    <Field {...field}>
      {(ids) =>
        rows === undefined ? (
          <input {...ids} {...plain} {...hint} onInput={({ currentTarget }) => onText(currentTarget.value)} />
        ) : (
          <textarea
            {...ids}
            {...plain}
            rows={rows}
            onInput={({ currentTarget }) => onText(currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

interface ChoiceProps<T extends string> extends Common {
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onPick: (value: T) => void;
}

export const Choice = <T extends string>({ name, value, options, onPick, ...field }: ChoiceProps<T>) => (
  <Field {...field}>
    {(ids) => <Select ids={ids} name={name} value={value} options={options} onPick={onPick} />}
  </Field>
);

interface CheckProps {
  readonly label: string;
  readonly name: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

export const Check = ({ label, name, isOn, onChange }: CheckProps) => (
  <label class="check">
    <input
      type="checkbox"
      name={name}
      checked={isOn}
      onChange={({ currentTarget }) => onChange(currentTarget.checked)}
    />
    {label}
  </label>
);

interface SearchProps {
  /** What is searched, for whoever does not see where it stands. */
  readonly of: string;
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly onSearch: (text: string) => void;
  readonly children?: ComponentChildren;
}

/** A search, with other filters beside it. */
export function Search({ of, label, name, value, placeholder = '', onSearch, children }: SearchProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = (event: Event) => {
    event.preventDefault();
    onSearch(text.trim());
  };
  return (
    <form class="filters" role="search" aria-label={of} onSubmit={submit}>
      <Field label={label}>
        {(ids) => (
          <span class="joined">
            <input
              {...ids}
              name={name}
              type="search"
              spellcheck={false}
              autocapitalize="none"
              placeholder={placeholder}
              value={text}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
            <button type="submit">Search</button>
          </span>
        )}
      </Field>
      {children}
    </form>
  );
}
