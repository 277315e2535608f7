import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Clock } from '../../kit/clock.ts';
import type { Seconds } from '../../kit/time.ts';
import type { Authority } from './key-pair.ts';
import type { ChallengeType, Ledger } from './ledger.ts';
import type { ProblemDocument } from './problems.ts';
import type { Signing } from './signing.ts';
import type { CaTerms } from './terms.ts';

/** What the resources of one CA need. */
export interface CaContext {
  readonly terms: CaTerms;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** The URL of a path of this CA. */
  url(path: string): string;
  /** Looks afresh whether control is shown. */
  readonly validate: Validate;
  /** How it validates by mail; undefined: it does not. */
  readonly mail?: CaMail | undefined;
  /** Certificates; loaded when first needed, for it takes long to load. */
  signing(): Promise<Signing>;
  /** Does work after the answer, at once or when so much of the CA's time has passed; it never fails in the face of anybody. */
  later(work: () => Promise<void>, wait?: Seconds): void;
}

/** Whether control is shown: what hinders the validation, undefined when nothing does. */
export type Validate = (asked: ShownControl) => Promise<ProblemDocument | undefined>;

/** Challenges for which a CA looks itself. */
export type LookedFor = Exclude<ChallengeType, 'x-email-01'>;

/** How a CA validates by mail. Neither call rejects. */
export interface CaMail {
  /** Addresses that CAA records of a name, or of the nearest name above it that has some, give for it (BR 3.2.2.4.13). */
  contactsOf(name: string): Promise<readonly string[]>;
  /** Hands one mail to the mail server; why it did not take it, where it did not. */
  send(mail: OutgoingMail): Promise<NotSent | undefined>;
}

/** A mail, in plain ASCII. */
export interface OutgoingMail {
  readonly from: { readonly name: string; readonly address: string };
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly date: Date;
}

/** Why a mail was not sent, in words; `isForGood` where the server will never take it. */
export interface NotSent {
  readonly why: string;
  readonly isForGood: boolean;
}

/** What has to be shown for a challenge. */
export interface ShownControl {
  readonly type: LookedFor;
  /** Without the wildcard label. */
  readonly name: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

/** A request whose signature was verified. */
export interface Signed {
  readonly url: string;
  /** Second segment of the path: the id of the object asked for, or empty. */
  readonly id: string;
  /** Query string of the URL. */
  readonly query: URLSearchParams;
  /** Undefined for a POST-as-GET (RFC 8555 6.3). */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
}

/** What a resource answers. */
export interface Answer {
  readonly status: number;
  /** Over the usual ones; null leaves a usual one out. */
  readonly headers?: Headers;
  /** JSON; left out for an answer without content, or with other content. */
  readonly body?: unknown;
  /** Content that is no JSON, sent as it stands; `headers` say what it is. */
  readonly content?: string | Buffer;
  /** Sends the message otherwise than whole and at once. */
  readonly deliver?: Deliver;
}

export type Headers = Readonly<Record<string, string | null>>;

/** An answer as it is to go over the wire. */
export interface Message {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly content: Buffer;
}

/** A way to send a message, or not to. */
export type Deliver = (response: ServerResponse, message: Message) => void;
