/** Things that are done by a button, and asked about before where they cannot be undone. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { say } from './announce.tsx';
import { Dialog, useDialog } from './dialog.tsx';
import { Text } from './inputs.tsx';
import { Failed } from './state.tsx';

interface ActionProps {
  readonly label: string;
  readonly work: () => Promise<unknown>;
  /** What is said when it is done. */
  readonly done: string;
  readonly onDone?: () => void;
  readonly kind?: 'primary' | 'danger' | 'small';
}

/** A button that does something at once. */
export function Action({ label, work, done, onDone, kind }: ActionProps) {
  const doing = useDoing();
  const run = async () => {
    if (!(await doing.run(work))) return;
    say(done);
    onDone?.();
  };
  return (
    <>
      <button type="button" class={kind} aria-disabled={doing.isDoing} onClick={() => void run()}>
        {label}
      </button>
      {doing.refusal && <Failed refusal={doing.refusal} />}
    </>
  );
}

interface ConfirmProps extends ActionProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** What has to be typed before it is done. */
  readonly phrase?: string;
  /** What the button says, where that is not what it does in the dialog. */
  readonly opens?: string;
}

/** A button that asks first. */
export function Confirm({ label, title, opens = label, kind = 'danger', ...asking }: ConfirmProps) {
  const dialog = useDialog();
  return (
    <>
      <button type="button" class={kind} onClick={dialog.open}>
        {opens}
      </button>
      <Dialog of={dialog} title={title}>
        <Asking label={label} kind={kind} close={dialog.close} {...asking} />
      </Dialog>
    </>
  );
}

type AskingProps = Omit<ConfirmProps, 'title' | 'opens'> & { readonly close: () => void };

function Asking({ label, kind, close, work, done, onDone, phrase, children }: AskingProps) {
  const doing = useDoing();
  const [typed, setTyped] = useState('');
  const isReady = phrase === undefined || typed.trim() === phrase;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!isReady || !(await doing.run(work))) return;
    close();
    say(done);
    onDone?.();
  };
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      {children}
      {phrase !== undefined && (
        <Text label={`To go on, type: ${phrase}`} name="phrase" value={typed} onText={setTyped} />
      )}
      {doing.refusal && <Failed refusal={doing.refusal} />}
      <div class="buttons">
        <button type="submit" class={kind} aria-disabled={doing.isDoing || !isReady}>
          {label}
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}
