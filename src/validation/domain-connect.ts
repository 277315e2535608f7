import { toDnsName } from '../dns/message/names.ts';
import { IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import { locate } from '../dns/resolver/locate.ts';
import { ServerMemory } from '../dns/resolver/server-memory.ts';
import { Suffixes } from '../dns/resolver/suffixes.ts';
import { createTxtPrecheck, type PrecheckOptions } from './txt.ts';

/** The zone of a name, and what its TXT record says of where its provider's settings are; in words where nobody tells. */
export type ConnectSeen =
  | { readonly kind: 'zone'; readonly domain: string; readonly values: readonly string[] }
  | { readonly kind: 'lost'; readonly why: string };

/** Longest that the way to the zone takes, in milliseconds of real time. */
const LOOK_MS = 5_000;

/**
 * Finds the zone that a name is in, and the TXT values at `_domainconnect` of it (Domain Connect, section 4), at its authoritative
 * servers. Rejects only with the reason of an aborted signal.
 */
export function createConnectLook(
  options: Omit<PrecheckOptions, 'delegationZone'>,
): (name: string, signal: AbortSignal) => Promise<ConnectSeen> {
  const memory = { suffixes: new Suffixes(options.clock), servers: new ServerMemory() };
  const lookAtText = createTxtPrecheck(options);
  return async (name, signal) => {
    signal.throwIfAborted();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
    const located = await locate(new IterativeResolver({ ...options, ...memory }, limit), toDnsName(name));
    signal.throwIfAborted();
    if (located.kind === 'unregistered')
      return { kind: 'lost', why: `${name} is not registered, says ${located.parent}` };
    if (located.kind === 'stuck')
      return { kind: 'lost', why: `no name server tells in which zone ${name} is; try again later` };
    const domain = located.zone.name;
    const { seen } = await lookAtText({ txtName: `_domainconnect.${domain}`, txtValue: '' }, signal);
    const values = [...new Set(seen.flatMap((one) => one.values))];
    const isTold = seen.some(({ answer }) => ['values', 'no_record', 'no_name'].includes(answer));
    if (isTold) return { kind: 'zone', domain, values };
    return { kind: 'lost', why: `no name server of ${domain} answers; try again later` };
  };
}
