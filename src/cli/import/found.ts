/**
 * What an import finds elsewhere. Terms:
 * - source: a folder, a file or an API from which names come.
 * - found: a certificate with its key, or names alone, as a source has them.
 * - passed over: what is there and cannot be used, and why.
 */

/** A certificate with its key, or names alone. */
export interface Found {
  /** Where it is: a file, a Secret, a line. */
  readonly where: string;
  readonly hosts: readonly string[];
  readonly pair?: KeyPair | undefined;
}

/** A leaf with the certificates that came with it, and its key. */
export interface KeyPair {
  /** PEM, the leaf first. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
  readonly endsOn: Date;
}

/** What is there and cannot be used. */
export interface PassedOver {
  readonly where: string;
  readonly hosts?: readonly string[] | undefined;
  readonly endsOn?: Date | undefined;
  readonly why: string;
}

export type Piece = Found | PassedOver;

/** Whether it was passed over. */
export const isPassedOver = (piece: Piece): piece is PassedOver => 'why' in piece;

/** What one kind of source is read by: a piece at a time. Throws `configuration` where the whole cannot be read. */
export type Reader = (source: string, now: Date) => AsyncIterable<Piece>;
