/** What the subscriber is told of certificates that are good, and not quite what was ordered. */
import { between, days, hours, type Seconds } from '../kit/time.ts';
import { certificateNames } from './branding.ts';
import type { Certificate, Pack } from './pack.ts';

/** CAs date back, and round to whole days. */
const TOLERANCE: Seconds = days(1) + hours(2);

/** Sentences about the certificates that a pack is to be served with; mostly none. */
export function remarksOn(pack: Pack, certificates: readonly Certificate[]): string[] {
  return [...remarksOnLength(pack, certificates), ...remarksOnHosts(pack, certificates)];
}

/** CAs that add names which were not ordered. */
function remarksOnHosts(pack: Pack, certificates: readonly Certificate[]): string[] {
  const { hosts, certificateAuthority: ca } = pack;
  const names = certificateNames(pack);
  const added = [
    ...new Set(certificates.flatMap((one) => one.hosts.filter((host) => !names.includes(host)))),
  ];
  if (added.length === 0 || ca === undefined) return [];
  const what = `${ca} issued for ${added.slice(0, 5).join(', ')} too`;
  return [`${hosts[0]}: ${what}, though that was not ordered; it is served for the hosts that were alone`];
}

function remarksOnLength(
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
