import { type Responder, startResponder } from '../dns/server/responder.ts';
import { publicAddressesOf, toAddress, toNameServers } from './addresses.ts';
import { brandingDomainOf } from './branding.ts';
import type { ServiceParts } from './service-parts.ts';
import { responderSource } from './sources.ts';

/** Starts our DNS responder, where it is to listen anywhere. */
export async function startOwnResponder(
  { options, pool, log, clock }: ServiceParts,
  beacon: string,
): Promise<Responder | undefined> {
  if (options.dns_listen.length === 0) return undefined;
  return startResponder({
    listen: options.dns_listen.map(toAddress),
    source: responderSource(pool, [options.delegation_zone, brandingDomainOf(options)], beacon),
    nameServers: toNameServers(options.name_servers),
    publicAddresses: publicAddressesOf(options),
    responsesPerSecond: options.dns_rate_limit,
    clock,
    log,
  });
}
