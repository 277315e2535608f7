import { RevocationStatus } from '../ca/revocation-status.ts';
import { isAllowed } from '../dns/address.ts';
import { getBytes } from '../notify/http-get.ts';
import { outboundOf } from './alert-sending.ts';
import type { ServiceParts } from './service-parts.ts';

/** What CAs revoked, gotten from public addresses, and from those that the operator allows. */
export function revocationStatus({ options, clock, log }: ServiceParts): RevocationStatus {
  const { addressesOf, roots } = outboundOf(options);
  const mayReach = (address: string) => isAllowed(address, options.allow_addresses);
  return new RevocationStatus({
    clock,
    log,
    fetch: (url, most, signal) => getBytes({ addressesOf, mayReach, roots: roots() }, url, most, signal),
  });
}
