import { showLeaf } from '../edge/handshake.ts';
import type { LookAtHost } from '../pack/host-look.ts';
import { createHostLook } from '../validation/host-look.ts';
import { goalOf } from './addresses.ts';
import { insideResolverOf } from './inside-resolver.ts';
import type { ServiceParts } from './service-parts.ts';

/** How this service looks where names lead. */
export const hostLookOf = ({ options, clock }: Pick<ServiceParts, 'options' | 'clock'>): LookAtHost =>
  createHostLook({
    roots: options.dns_roots,
    port: options.dns_port,
    allow: options.allow_addresses,
    ipv6: options.dns_ipv6,
    httpPort: options.http_port,
    httpsPort: options.https_port,
    ...goalOf(options),
    inside: insideResolverOf(options),
    clock,
    showLeaf,
  });
