import { randomBytes } from 'node:crypto';

/** A random serial number of 128 bits in lower-case hexadecimal; positive, and always 32 characters. */
export function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
