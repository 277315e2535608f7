import { isAllowed } from '../dns/address.ts';
import { addressesOf } from '../dns/resolver/addresses.ts';
import { IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import { ServerMemory } from '../dns/resolver/server-memory.ts';
import { Suffixes } from '../dns/resolver/suffixes.ts';
import type { HostAsked, HostLook, LookAtHost, SeenAddress } from '../pack/host-look.ts';
import { ALGORITHMS, type Algorithm } from '../pack/pack.ts';
import { cdnOf } from './cdn.ts';
import { type SignOptions, signsOf } from './host-signs.ts';
import type { PrecheckOptions } from './txt.ts';

/** What a look at where a name leads needs beside the DNS. */
export interface HostLookOptions extends PrecheckOptions, SignOptions {
  /** Port of TLS: 443, or a test world's. */
  readonly httpsPort: number;
  /** Shakes hands with an address; undefined: it shows no certificate. Throws where nobody answers. */
  readonly showLeaf: (
    place: { readonly name: string; readonly host: string; readonly port: number },
    ask: { readonly name: string; readonly algorithm: Algorithm },
    signal: AbortSignal,
  ) => Promise<Leaf | undefined>;
}

interface Leaf {
  readonly fingerprint: string;
  readonly issuer: string;
  readonly notAfter: Date;
  readonly hosts: readonly string[];
}

/** Longest that one look takes, in milliseconds of real time. */
const LOOK_MS = 12_000;
/** Addresses with which hands are shaken, and hosts of a certificate that are told. */
const [MOST_ADDRESSES, MOST_HOSTS] = [6, 20];
/** Messages of one look: each server is asked, and for several types. */
const MOST_QUERIES = 120;

/**
 * Looks where a name leads as the world sees it: from the root down to the authoritative servers, CNAMEs followed, and by a
 * handshake with each address. No connection goes to an address that is neither public nor allowed. Rejects only with the reason of
 * an aborted signal.
 */
export function createHostLook(options: HostLookOptions): LookAtHost {
  const memory = { suffixes: new Suffixes(options.clock), servers: new ServerMemory() };
  return async (asked, signal) => {
    signal.throwIfAborted();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
    const walk = new IterativeResolver({ ...options, ...memory, mostQueries: MOST_QUERIES }, limit);
    const look = await lookAt(walk, options, asked, limit);
    signal.throwIfAborted();
    return look;
  };
}

async function lookAt(
  walk: IterativeResolver,
  options: HostLookOptions,
  asked: HostAsked,
  signal: AbortSignal,
): Promise<HostLook> {
  const { name } = asked;
  const found = await addressesOf(walk, name);
  const told = found.kind === 'found' ? found.addresses.slice(0, MOST_ADDRESSES) : [];
  const [signs, ...addresses] = await Promise.all([
    signsOf(walk, options, { ...asked, found }, signal),
    ...told.map((address) => shownBy(options, name, address, signal)),
  ]);
  if (found.kind === 'lost')
    return { names: [name], addresses, cdn: undefined, problem: `at ${found.at}, ${found.why}`, signs };
  if (found.kind === 'none')
    return { names: [...new Set([name, found.at])], addresses, cdn: undefined, problem: undefined, signs };
  return {
    names: found.names,
    addresses,
    cdn: cdnOf(found.names, found.addresses),
    problem: undefined,
    signs,
  };
}

async function shownBy(
  { allow, ipv6, httpsPort: port, showLeaf }: HostLookOptions,
  name: string,
  address: string,
  signal: AbortSignal,
): Promise<SeenAddress> {
  if (!isAllowed(address, allow))
    return { address, problem: 'it is no public address, and is not connected to', isBarred: true };
  if (address.includes(':') && !ipv6)
    return { address, problem: 'this service does not speak IPv6 (option dns_ipv6)' };
  for (const algorithm of ALGORITHMS) {
    try {
      const leaf = await showLeaf({ name: address, host: address, port }, { name, algorithm }, signal);
      if (!leaf) continue;
      const { fingerprint, issuer, notAfter, hosts } = leaf;
      if (Number.isNaN(notAfter.getTime()))
        return { address, problem: 'it shows a certificate whose end cannot be read' };
      return {
        address,
        certificate: { fingerprint, issuer, expiresOn: notAfter, hosts: hosts.slice(0, MOST_HOSTS) },
      };
    } catch {
      return { address, problem: `nobody answers TLS at port ${port}` };
    }
  }
  return { address, problem: 'it shows no certificate for this name' };
}
