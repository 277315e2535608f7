import type { ComponentChildren } from 'preact';
import type { useDoing } from '../api/answer.ts';
import { Rest } from './field.tsx';

interface EditFormProps {
  readonly doing: ReturnType<typeof useDoing>;
  /** Names that have a field: what is refused of others stands below. */
  readonly fields: readonly string[];
  /** On the button. */
  readonly label: string;
  readonly work: () => Promise<unknown>;
  readonly onDone: () => void;
  readonly onCancel?: (() => void) | undefined;
  readonly children: ComponentChildren;
}

/** A form by which something is made, or changed. */
export function EditForm({ doing, fields, label, work, onDone, onCancel, children }: EditFormProps) {
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await doing.run(work)) onDone();
  };
  return (
    <form class="form" noValidate onSubmit={(event) => void submit(event)}>
      {children}
      <Rest refusal={doing.refusal} fields={fields} />
      <div class="buttons">
        <button type="submit" class="primary" aria-disabled={doing.isDoing}>
          {label}
        </button>
        {onCancel && (
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}
