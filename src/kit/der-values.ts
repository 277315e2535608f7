/**
 * Reads values in DER (X.690), as far as certificates and what CAs sign have them. What is cut off is none; an indefinite length, which
 * is BER and would be read as something that it is not, is refused: all throw `NotDer` for it.
 */

/** A value of indefinite length (X.690 8.1.3.6): where it ends is not in its length. */
export class NotDer extends Error {
  constructor() {
    super('a value has an indefinite length, which is BER and not DER');
  }
}

/** One value. */
export interface DerValue {
  readonly tag: number;
  readonly contents: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

const INDEFINITE = 0x80;
const CONSTRUCTED = 0x20;
const DEEPEST = 32;
const [BOOLEAN, OCTETS, EXTENSIONS] = [0x01, 0x04, 0xa3];

/** One of a certificate (RFC 5280 4.2). */
export interface Extension {
  readonly isCritical: boolean;
  readonly contents: Buffer;
}

/** What reading came to; `otherwise` of what is no DER. */
export function ifDer<T, O>(read: () => T, otherwise: O): T | O {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotDer) return otherwise;
    throw error;
  }
}

/** A certificate's extensions, by their identifiers in hexadecimal; OpenSSL has read it before. */
export function extensionsOf(certificate: Buffer): ReadonlyMap<string, Extension> {
  const [signed] = valuesIn(certificate);
  const list = signed && valuesOf(signed.contents).find(({ tag }) => tag === EXTENSIONS);
  const extensions = list ? valuesIn(list.contents) : [];
  return new Map(
    extensions.flatMap(({ contents }) => {
      const [id, ...more] = valuesOf(contents);
      const value = more.find(({ tag }) => tag === OCTETS);
      const isCritical = more.some(({ tag, contents: told }) => tag === BOOLEAN && told[0] !== 0);
      return id && value
        ? [[id.contents.toString('hex'), { isCritical, contents: value.contents }] as const]
        : [];
    }),
  );
}

/** The values inside the one value that there is. */
export const valuesIn = (der: Buffer): DerValue[] => valuesOf(valuesOf(der)[0]?.contents ?? Buffer.alloc(0));

/** The values that stand one after the other. */
export function valuesOf(der: Buffer): DerValue[] {
  const values: DerValue[] = [];
  let at = 0;
  while (at + 2 <= der.length) {
    const short = der.readUInt8(at + 1);
    if (short === INDEFINITE) throw new NotDer();
    const size = short < 0x80 ? 0 : short & 0x7f;
    if (size > 4 || at + 2 + size > der.length) break;
    const length = size === 0 ? short : der.readUIntBE(at + 2, size);
    const from = at + 2 + size;
    if (from + length > der.length) break;
    const end = from + length;
    values.push({ tag: der.readUInt8(at), contents: der.subarray(from, end), whole: der.subarray(at, end) });
    at = end;
  }
  return values;
}

/** Reads what values are made of too, for `NotDer` alone; what octet strings hold may be of any form. */
export function demandDefinite(der: Buffer, depth = 0): void {
  for (const { tag, contents } of valuesOf(der))
    if ((tag & CONSTRUCTED) !== 0 && depth < DEEPEST) demandDefinite(contents, depth + 1);
}
