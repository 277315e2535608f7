/** Reads values in DER (X.690), as far as certificates and what CAs sign have them. Never throws: what is cut off is none. */

/** One value. */
export interface DerValue {
  readonly tag: number;
  readonly contents: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

const [OCTETS, EXTENSIONS] = [0x04, 0xa3];

/** Contents of a certificate's extensions, by their identifiers in hexadecimal; OpenSSL has read it before. */
export function extensionsOf(certificate: Buffer): ReadonlyMap<string, Buffer> {
  const [signed] = valuesIn(certificate);
  const list = signed && valuesOf(signed.contents).find(({ tag }) => tag === EXTENSIONS);
  const extensions = list ? valuesIn(list.contents) : [];
  return new Map(
    extensions.flatMap(({ contents }) => {
      const [id, ...more] = valuesOf(contents);
      const value = more.find(({ tag }) => tag === OCTETS);
      return id && value ? [[id.contents.toString('hex'), value.contents] as const] : [];
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
