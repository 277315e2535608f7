import { Fault } from '../kit/fault.ts';

interface Waiting {
  readonly resolve: (signature: Buffer) => void;
  readonly reject: (error: Fault) => void;
  readonly timer: NodeJS.Timeout;
}

/** What a token was asked for outside of handshakes. */
export class PlainSignatures {
  readonly #waiting = new Map<number, Waiting>();
  readonly #name: string;
  /** Why the token is of no use; undefined: it is, as far as is known. */
  why: string | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Waits for the answer of that id, for so many milliseconds. */
  wait(id: number, deadlineMs: number): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const late = () => {
      this.#waiting.delete(id);
      reject(this.away('it does not answer in time'));
    };
    this.#waiting.set(id, { resolve, reject, timer: setTimeout(late, deadlineMs) });
    return promise;
  }

  /** What was asked for (`t`), or why there is none (`u`). */
  take(id: number, kind: string, bytes: Buffer): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (kind === 't') waiting.resolve(Buffer.from(bytes));
    else waiting.reject(new Fault('signer_refused', `${this.#name}: ${bytes.toString()}`));
  }

  /** Nothing that is waited for comes any more. */
  fail(): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.away());
    }
    this.#waiting.clear();
  }

  away(why = this.why ?? 'it does not answer'): Fault {
    return new Fault('signer_unreachable', `${this.#name} cannot be used: ${why}`);
  }
}
