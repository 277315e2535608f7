import type { Seconds } from '../../kit/time.ts';
import type { TxtRecord } from '../dns.ts';
import {
  CLASS,
  HEADER,
  nameBytes,
  type RawRecord,
  recordBytes,
  TYPE,
  uint16,
} from '../message/raw-records.ts';

/** What to do with the records of one zone. */
export type Change =
  | { readonly kind: 'add'; readonly ttl: Seconds; readonly records: readonly TxtRecord[] }
  | { readonly kind: 'remove'; readonly records: readonly TxtRecord[] };

/** UPDATE (RFC 2136 1.3). */
const OPCODE = 5;

/**
 * An update of `zone` (RFC 2136 2). Values are added one by one, and removed by value (class NONE), so that orders
 * beside each other keep theirs. No name may hold a CNAME where values are added: a server passes over such an
 * addition in silence (3.4.2.2).
 */
export function updateMessage(id: number, zone: string, change: Change): Buffer {
  const names = new Set(change.records.map(({ txtName }) => txtName));
  const conditions = change.kind === 'add' ? [...names].map(noCname) : [];
  const updates = change.records.map((record) => toUpdate(record, change));
  const counts = [1, conditions.length, updates.length, 0].map(uint16);
  return Buffer.concat([
    uint16(id),
    uint16(OPCODE << 11),
    ...counts,
    nameBytes(zone),
    uint16(TYPE.soa),
    uint16(CLASS.in),
    ...[...conditions, ...updates].map(recordBytes),
  ]);
}

/** "RRset does not exist" (RFC 2136 2.4.3). */
const noCname = (name: string): RawRecord => ({
  name,
  type: TYPE.cname,
  class: CLASS.none,
  ttl: 0,
  data: Buffer.alloc(0),
});

function toUpdate({ txtName: name, txtValue }: TxtRecord, change: Change): RawRecord {
  const data = Buffer.concat([Buffer.of(txtValue.length), Buffer.from(txtValue, 'latin1')]);
  return change.kind === 'add'
    ? { name, type: TYPE.txt, class: CLASS.in, ttl: change.ttl, data }
    : { name, type: TYPE.txt, class: CLASS.none, ttl: 0, data };
}

/** The code of an answer to the update `id`; undefined for bytes that are no such answer. */
export function updateRcode(bytes: Buffer, id: number): number | undefined {
  if (bytes.length < HEADER || bytes.readUInt16BE(0) !== id) return undefined;
  const flags = bytes.readUInt16BE(2);
  return (flags & 0xf800) === (0x8000 | (OPCODE << 11)) ? flags & 15 : undefined;
}
