/**
 * Certificates with a name of the operator's beside the hosts of their pack (the wire's `cloudflare_branding`). Terms:
 * - branding domain: the domain of the operator's below which these names are; our own DNS answers for it.
 * - branded name: that of one pack, e.g. `sni-0123456789abcdef.brand.example.net`. It is in certificates alone: no host of the
 *   pack, served to nobody.
 */
import { createHash } from 'node:crypto';
import { toName } from './hosts.ts';
import type { Pack } from './pack.ts';

const PREFIX = 'sni-';
/** Characters of a hash of the pack's id, which certificates are not to tell. */
const OPAQUE = 16;
/** Longest common name (RFC 5280 A.1). */
const LONGEST_COMMON_NAME = 64;
/** Longest branding domain: its names are common names. */
export const LONGEST_BRANDING_DOMAIN = LONGEST_COMMON_NAME - `${PREFIX}.`.length - OPAQUE;

/** The branded name of a pack: always the same below the same domain. */
function brandedName(id: string, domain: string): string {
  const opaque = createHash('sha256').update(`branding ${id}`).digest('hex').slice(0, OPAQUE);
  return `${PREFIX}${opaque}.${domain}`;
}

/** The branded name that new certificates of a pack are to have; undefined: none. `domain` is '' where none is configured. */
export const brandingOf = (
  { id, isBranded }: Pick<Pack, 'id' | 'isBranded'>,
  domain: string,
): string | undefined => (isBranded && domain !== '' ? brandedName(id, domain) : undefined);

/** The names of a pack's certificates, in A-labels: its hosts, and the branded name where it has one. */
export const certificateNames = ({ hosts, brandedAs }: Pick<Pack, 'hosts' | 'brandedAs'>): string[] => [
  ...hosts.map(toName),
  ...(brandedAs === undefined ? [] : [brandedAs]),
];

/** Whether its certificates, those that are under way, have a branded name where they are to have one, and none else. */
export const isBrandedAsWanted = ({ isBranded, brandedAs }: Pick<Pack, 'isBranded' | 'brandedAs'>): boolean =>
  isBranded === (brandedAs !== undefined);
