/** Values in a DataRow, in PostgreSQL's binary formats. */

/** Where the values of a row lie: the start and the end of each, both -1 for null. */
export type Offsets = Int32Array;

/** Room for the offsets of a row with `columns` values. */
export const offsetsFor = (columns: number): Offsets => new Int32Array(columns * 2);

/** Finds the values of a row whose content begins at `at`. */
export function locate(bytes: Buffer, at: number, offsets: Offsets): void {
  let place = at + 2;
  for (let i = 0; i < offsets.length; i += 2) {
    const length = bytes.readInt32BE(place);
    place += 4;
    offsets[i] = length < 0 ? -1 : place;
    offsets[i + 1] = length < 0 ? -1 : place + length;
    if (length > 0) place += length;
  }
}

/** Whether value `i` is null. */
export const isNull = (offsets: Offsets, i: number): boolean => (offsets[2 * i] ?? -1) < 0;

/** Value `i`, an int2, int4 or int8 of at most 53 bits. */
export function intAt(bytes: Buffer, offsets: Offsets, i: number): number {
  const [start = 0, end = 0] = [offsets[2 * i], offsets[2 * i + 1]];
  if (end - start === 2) return bytes.readInt16BE(start);
  if (end - start === 4) return bytes.readInt32BE(start);
  return bytes.readInt32BE(start) * 2 ** 32 + bytes.readUInt32BE(start + 4);
}

/** Value `i`, a text; null where it is null. */
export const textAt = (bytes: Buffer, offsets: Offsets, i: number): string | null =>
  isNull(offsets, i) ? null : bytes.toString('utf8', offsets[2 * i], offsets[2 * i + 1]);

/** A copy of value `i`; nothing where it is null. */
export const bytesAt = (bytes: Buffer, offsets: Offsets, i: number): Buffer =>
  Buffer.from(bytes.subarray(Math.max(offsets[2 * i] ?? 0, 0), Math.max(offsets[2 * i + 1] ?? 0, 0)));
