/**
 * The chains of the record: one a zone, and one for what is done in an account outside of its zones. Each record's hash is over
 * the hash before it, so that no record can be altered, left out or put elsewhere without all behind it being other ones.
 * docs/decisions/0030-the-record-is-chained-and-streamed.md.
 */
import { createHash, hash } from 'node:crypto';

/** What a record says, as it is stored. */
export interface RecordContent {
  /** Of the zone, or of the account where it was done in none. */
  readonly zoneId: string;
  readonly accountId: string;
  readonly madeOn: Date;
  readonly event: string;
  readonly resource: string;
  readonly actor: string;
  readonly packId?: string | null | undefined;
  readonly fromStatus?: string | null | undefined;
  readonly status?: string | null | undefined;
  readonly resourceId?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly actorName?: string | null | undefined;
  readonly address?: string | null | undefined;
  readonly request?: string | null | undefined;
  readonly details?: string | null | undefined;
}

/** SHA-256 of all that a record says, but for its number: that is known under the lock alone. */
export const digestOf = (record: RecordContent): Buffer =>
  hash('sha256', JSON.stringify([FORMAT, ...partsOf(record).map(stored)]), 'buffer');

const FORMAT = 'certpacks audit 1';

const partsOf = (one: RecordContent): readonly (string | null | undefined)[] => [
  one.zoneId,
  one.accountId,
  one.madeOn.toISOString(),
  one.packId,
  one.event,
  one.fromStatus,
  one.status,
  one.resource,
  one.resourceId,
  one.name,
  one.actor,
  one.actorName,
  one.address,
  one.request,
  one.details,
];

/** A text as the database gives it back: it keeps no half of a pair of surrogates. */
const stored = (text: string | null | undefined): string | null => text?.toWellFormed() ?? null;

/** A record's place in its chain, and its number in its zone. */
export interface Link {
  readonly place: bigint;
  readonly seq: bigint;
}

/** Hash of a record: over the one before it, its place, its number, and what it says. */
export function linkHash(before: Buffer, { place, seq }: Link, digest: Buffer): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigInt64BE(place, 0);
  numbers.writeBigInt64BE(seq, 8);
  return createHash('sha256').update(before).update(numbers).update(digest).digest();
}

/** The same in SQL. */
export const linked = (before: string, place: string, seq: string, digest: string): string =>
  `sha256(${before} || int8send(${place}) || int8send(${seq}) || ${digest})`;

/** Assignments in the row of a zone, or an account, which count the record `:digest` of the number `seq` as its last. */
export const chained = (seq: string): string =>
  `chain_place = chain_place + 1, chain_hash = ${linked('chain_hash', 'chain_place + 1', seq, ':digest::bytea')}`;

/** What such a row gives back for the record. */
export const LINK = 'chain_place, chain_hash';
