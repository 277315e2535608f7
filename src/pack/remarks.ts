/** What the subscriber is told of certificates that are good, and not quite what was ordered. */
import { between, days, hours, type Seconds } from '../kit/time.ts';
import type { Certificate, Pack } from './pack.ts';

/** CAs date back, and round to whole days. */
const TOLERANCE: Seconds = days(1) + hours(2);

/** Sentences about the certificates that a pack is to be served with; mostly none. */
export function remarksOn(
  { hosts, validityDays, certificateAuthority: ca }: Pack,
  certificates: readonly Certificate[],
): string[] {
  if (validityDays === undefined) return [];
  const wanted = days(validityDays);
  const other = certificates.filter((one) => Math.abs(lengthOf(one) - wanted) > TOLERANCE);
  return other.map((one) => {
    const length = Math.round(lengthOf(one) / days(1));
    const end = one.notAfter.toISOString().slice(0, 10);
    const what = `${ca ?? 'the CA'} issued the ${NAMES[one.algorithm]} certificate for ${length} days, until ${end}`;
    return `${hosts[0]}: ${what}, though ${validityDays} were ordered; it is served and renewed in time all the same`;
  });
}

const NAMES = { ecdsa: 'ECDSA', rsa: 'RSA' } as const;

/** As long as it is of use: what a CA dates back is over when it comes. */
const lengthOf = ({ notBefore, notAfter, uploadedOn }: Certificate): Seconds =>
  between(notBefore > uploadedOn ? notBefore : uploadedOn, notAfter);
