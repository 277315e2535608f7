/** A window in the page that keeps all else away while it is open. */
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useId, useRef, useState } from 'preact/hooks';

interface DialogProps {
  readonly of: DialogState;
  readonly title: string;
  readonly onClose?: () => void;
  readonly children: ComponentChildren;
}

/** Opens and closes a dialog. */
export interface DialogState {
  readonly isOpen: boolean;
  readonly open: () => void;
  readonly close: () => void;
  readonly element: { current: HTMLDialogElement | null };
  readonly hear: () => void;
}

export function useDialog(): DialogState {
  const element = useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = useState(false);
  const open = useCallback(() => setOpen(true), []);
  // Once its content is there: the first thing in it that can be used is where the keyboard goes.
  useEffect(() => {
    if (isOpen && element.current?.open === false) element.current.showModal();
  }, [isOpen]);
  const close = useCallback(() => element.current?.close(), []);
  const hear = useCallback(() => setOpen(false), []);
  return { isOpen, open, close, element, hear };
}

/** What is in it is there only while it is open: it begins anew each time. */
export function Dialog({ of: { element, isOpen, hear }, title, onClose, children }: DialogProps) {
  const id = useId();
  const closed = () => {
    hear();
    onClose?.();
  };
  return (
    <dialog ref={element} aria-labelledby={id} onClose={closed}>
      <h2 id={id}>{title}</h2>
      {isOpen && children}
    </dialog>
  );
}
