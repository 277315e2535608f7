import { createHash } from 'node:crypto';

const FIRST = /-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/;

/** Lower-case hexadecimal SHA-256 of the leaf of a chain in PEM, the leaf first; '' where there is none. */
export function leafOf(chain: string): string {
  const base64 = FIRST.exec(chain)?.[1];
  if (base64 === undefined) return '';
  return createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
}
