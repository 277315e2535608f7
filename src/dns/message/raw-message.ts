import { afterName, HEADER, nameAt, type RawRecord } from './raw-records.ts';

/** A record of a message whose bytes are kept: where its data begins is needed for names in it that are compressed. */
export interface PlacedRecord extends RawRecord {
  readonly dataStart: number;
}

/** Most records that are read of one message. */
const MOST_RECORDS = 500;

/** The answers of a message with one question, names in lower case; undefined where the bytes do not parse. */
export function answersIn(bytes: Buffer): PlacedRecord[] | undefined {
  if (bytes.length < HEADER || bytes.readUInt16BE(4) !== 1) return undefined;
  const count = bytes.readUInt16BE(6);
  if (count > MOST_RECORDS) return undefined;
  let at = afterName(bytes, HEADER);
  if (at !== undefined) at += 4;
  const records: PlacedRecord[] = [];
  for (let n = 0; n < count; n += 1) {
    const record = at === undefined ? undefined : recordAt(bytes, at);
    if (!record) return undefined;
    records.push(record);
    at = record.dataStart + record.data.length;
  }
  return records;
}

function recordAt(bytes: Buffer, start: number): PlacedRecord | undefined {
  const name = nameAt(bytes, start);
  const at = afterName(bytes, start);
  if (name === undefined || at === undefined || at + 10 > bytes.length) return undefined;
  const dataStart = at + 10;
  const end = dataStart + bytes.readUInt16BE(at + 8);
  if (end > bytes.length) return undefined;
  return {
    name,
    type: bytes.readUInt16BE(at),
    class: bytes.readUInt16BE(at + 2),
    ttl: bytes.readUInt32BE(at + 4),
    data: bytes.subarray(dataStart, end),
    dataStart,
  };
}
