import { Fault } from '../../kit/fault.ts';
import type { Token } from '../../store/token-row.ts';
import type { EventStream } from './stream.ts';

/** Most streams of one token, of an account, and of this process. */
const MOST = { token: 10, account: 100, process: 1_000 } as const;

const WHOSE = ['token', 'account', 'process'] as const;

/** A stream that is open, or about to be. */
export interface OpenStream {
  readonly tokenId: string;
  readonly accountId: string;
  /** Undefined: it is about to be. */
  stream: EventStream | undefined;
}

/** The streams of this process. */
export class OpenStreams {
  readonly #open = new Set<OpenStream>();

  /** Takes a place for one of that token. Throws `too_many_requests` where there are too many. */
  take({ id: tokenId, accountId }: Token): OpenStream {
    const open = [...this.#open];
    const counts = {
      token: open.filter((one) => one.tokenId === tokenId).length,
      account: open.filter((one) => one.accountId === accountId).length,
      process: open.length,
    };
    for (const whose of WHOSE)
      if (counts[whose] >= MOST[whose])
        throw new Fault(
          'too_many_requests',
          `this ${whose} has ${MOST[whose]} streams open already; end one, or wait`,
          {
            retryAfter: 30,
          },
        );
    const one: OpenStream = { tokenId, accountId, stream: undefined };
    this.#open.add(one);
    return one;
  }

  free(one: OpenStream): void {
    this.#open.delete(one);
  }

  /** Ends all. */
  end(): void {
    for (const { stream } of this.#open) stream?.end('stopping');
  }
}
