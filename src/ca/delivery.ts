/** What a CA delivered for a certificate request: whether it is what was ordered, and what is to be served of it. */
import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { chainFrom, readDelivered } from '../acme/chain.ts';
import { Fault } from '../kit/fault.ts';
import { after, minutes, type Seconds } from '../kit/time.ts';
import { type Leaf, toLeaf } from './leaf.ts';
import { listHosts } from './messages.ts';

/** What was ordered. */
export interface DeliveryAsk {
  /** The key that signed the certificate request, or its public half. */
  readonly key: KeyObject;
  /** Names in A-labels, in any order. */
  readonly names: readonly string[];
  /** Whether browsers trust the CA: then an intermediate signs (BR 6.1.7), and comes with the leaf. */
  readonly isPublic?: boolean;
}

/** What came. */
export type Delivery =
  /** Leaf and chain in PEM, leaf first, each certificate signed by the next. */
  | { readonly kind: 'good'; readonly leaf: Leaf; readonly chain: string }
  /** It is what was ordered, and begins by a clock that is ahead of ours. */
  | { readonly kind: 'early'; readonly from: Date }
  /**
   * It is of no use, and why, in words behind "the certificate that the CA delivered". `isOurs`: it was issued for our request;
   * else it may be the delivery that went wrong, and another one go right.
   */
  | { readonly kind: 'fault'; readonly why: string; readonly isOurs: boolean };

/** How far the clock of a CA, or ours, may be wrong: a certificate that begins so late is waited for. */
const LARGEST_SKEW: Seconds = minutes(5);

/** Looks at what a CA delivered as PEM, in whatever order and with whatever beside. */
export function examine(pem: string, { key, names, isPublic = false }: DeliveryAsk, now: Date): Delivery {
  const certificates = readDelivered(Buffer.from(pem, 'latin1'));
  const own = certificates.find((one) => hasKey(one, key));
  if (!own) return strange(certificates);
  const chain = chainFrom(own, certificates);
  try {
    const leaf = toLeaf(own);
    const why = faultOf(own, leaf, { names, now });
    if (why !== undefined) return { kind: 'fault', why, isOurs: true };
    if (isPublic && chain.length < 2)
      return { kind: 'fault', why: 'comes without the certificate of its issuer', isOurs: false };
    if (now < leaf.notBefore) return { kind: 'early', from: leaf.notBefore };
    return { kind: 'good', leaf, chain: chain.map(String).join('') };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { kind: 'fault', why: error.message, isOurs: true };
  }
}

const strange = ({ length }: readonly X509Certificate[]): Delivery => ({
  kind: 'fault',
  why: length > 0 ? 'has another public key than the request' : 'cannot be read',
  isOurs: false,
});

/** Why a certificate for our key is of no use. */
function faultOf(
  { ca }: X509Certificate,
  { hosts, notBefore, notAfter }: Leaf,
  { names, now }: { readonly names: readonly string[]; readonly now: Date },
): string | undefined {
  if (ca) return 'is one of a CA';
  if (!isFor(hosts, names)) return `is for ${listed(hosts)} instead of ${listed(names)}`;
  if (notBefore > after(now, LARGEST_SKEW)) return `is valid only from ${notBefore.toISOString()}`;
  return now > notAfter ? `was valid only until ${notAfter.toISOString()}` : undefined;
}

const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

function hasKey(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return spkiOf(certificate.publicKey).equals(spkiOf(key.type === 'public' ? key : createPublicKey(key)));
  } catch {
    // A key of a kind that nobody here knows is none of ours.
    return false;
  }
}

/** Whether a certificate is for all names, and for no other but what CAs add by themselves. */
const isFor = (hosts: readonly string[], names: readonly string[]): boolean =>
  names.every((one) => hosts.includes(one)) &&
  hosts.every((one) => names.includes(one) || isAdded(one, names));

/** Many CAs certify a name with its `www.` and without, and a wildcard with the name above it, whichever was ordered. */
const isAdded = (host: string, names: readonly string[]): boolean =>
  names.some((name) => host === `www.${name}` || name === `www.${host}` || name === `*.${host}`);

const listed = (names: readonly string[]): string => listHosts(names) || 'no host';
