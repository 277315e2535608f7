import type { Clock } from '../../kit/clock.ts';
import type { Authority } from './key-pair.ts';
import type { Ledger } from './ledger.ts';
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
  /** Looks up the TXT records of a name, afresh. */
  lookUpTxt: LookUpTxt;
  /** Gets a file over plain HTTP as a validating CA does (RFC 8555 8.3). */
  fetchFile: FetchFile;
  /** Certificates; loaded when first needed, for it takes long to load. */
  signing(): Promise<Signing>;
  /** Does work after the answer; it never fails in the face of anybody. */
  later(work: () => Promise<void>): void;
}

/** The texts at a name; `failure` says why none could be had. */
export type LookUpTxt = (
  name: string,
) => Promise<{ readonly texts: readonly string[] } | { readonly failure: string }>;

/** The text at a URL, of the server that showed it; `failure` says in words why there is none. */
export type FetchFile = (
  url: string,
) => Promise<{ readonly text: string; readonly from: string } | { readonly failure: string }>;

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
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; left out for an answer in PEM. */
  readonly body?: unknown;
  readonly pem?: string;
}
