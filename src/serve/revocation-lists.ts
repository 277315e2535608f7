import { RevocationLists } from '../ca/revocation-lists.ts';
import { isAllowed } from '../dns/address.ts';
import { getBytes } from '../notify/http-get.ts';
import { outboundOf } from './alert-sending.ts';
import type { ServiceParts } from './service-parts.ts';

/** Lists of what CAs revoked, gotten from public addresses, and from those that the operator allows. */
export function revocationLists({ options, clock, log }: ServiceParts): RevocationLists {
  const { addressesOf, roots } = outboundOf(options);
  const mayReach = (address: string) => isAllowed(address, options.allow_addresses);
  return new RevocationLists({
    clock,
    log,
    fetch: (url, most, signal) => getBytes({ addressesOf, mayReach, roots: roots() }, url, most, signal),
  });
}
