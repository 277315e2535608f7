/**
 * Messages to people and machines outside: the shape that each channel wants, and the sending. The front file: what a channel
 * is given, and what comes of sending. A channel is one file of `channels/` and one row of `channels.ts`. Nothing here knows
 * the store: secrets are opened by the caller.
 */
import type { Seconds } from '../kit/time.ts';
import type { AlertBody } from '../pack/alert-body.ts';

/** What is told, and by which policy. */
export interface Message {
  /** The same at each attempt: by it a receiver knows what it was told before. */
  readonly id: string;
  readonly accountId: string;
  readonly policyId: string;
  readonly policyName: string;
  readonly alertType: string;
  readonly body: AlertBody;
  /** When it was made. */
  readonly madeOn: Date;
}

/** Where it goes. */
export interface Target {
  readonly url: string;
  /** As its owner gave it; undefined: there is none. */
  readonly secret: string | undefined;
  /** Time of this attempt. */
  readonly now: Date;
}

/** A request as a channel wants it. */
export interface Shaped {
  /** Another than that of the target. */
  readonly url?: string;
  readonly json: unknown;
  /** Beside those that every request has. Where a channel uses the secret by itself, it is in no other header. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly usesSecret?: boolean;
}

/** Gives a message the shape of a channel. Pure. */
export type Shape = (message: Message, target: Target) => Shaped;

/** What came of an attempt. */
export type Outcome =
  | { readonly kind: 'sent' }
  | {
      readonly kind: 'failed';
      /** In words, with nothing of a secret or of a URL's path. */
      readonly why: string;
      /** Whether another attempt makes no sense. */
      readonly isForGood?: boolean;
      /** When the receiver wants to be asked again. */
      readonly retryAfter?: Seconds | undefined;
    };

export const failed = (why: string, more: { isForGood?: boolean; retryAfter?: Seconds } = {}): Outcome => ({
  kind: 'failed',
  why,
  ...more,
});
