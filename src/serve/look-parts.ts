import type { JobDeps } from '../job/job.ts';
import { days, minutes } from '../kit/time.ts';
import { createCaaPrecheck } from '../validation/caa.ts';
import { remembering } from '../validation/caa-memory.ts';
import { createDelegationLook } from '../validation/delegation.ts';
import { createHttpPrecheck } from '../validation/http.ts';
import { createTxtPrecheck } from '../validation/txt.ts';
import { goalOf, toNameServers } from './addresses.ts';
import { insideResolverOf } from './inside-resolver.ts';
import type { LiveEdges } from './live-edges.ts';
import type { ServiceParts } from './service-parts.ts';

type LookParts = Pick<
  JobDeps,
  | 'edges'
  | 'verification'
  | 'lookAtDelegation'
  | 'precheckTxt'
  | 'precheckHttp'
  | 'precheckCaa'
  | 'auditLife'
  | 'controlLife'
>;

/** What workers look at the world with, and how often, by the options. */
export function lookParts({ options, clock }: ServiceParts, { list: edges }: LiveEdges): LookParts {
  const look = {
    roots: options.dns_roots,
    port: options.dns_port,
    allow: options.allow_addresses,
    ipv6: options.dns_ipv6,
    clock,
  };
  const ports = { httpPort: options.http_port, httpsPort: options.https_port };
  return {
    edges,
    verification: {
      namesPerSecond: options.edge_proofs_per_second,
      awayAfter: minutes(options.edge_away_minutes),
    },
    auditLife: days(options.audit_days),
    controlLife: days(options.control_days),
    lookAtDelegation: createDelegationLook({ ...look, own: toNameServers(options.name_servers) }),
    precheckTxt: createTxtPrecheck({
      ...look,
      delegationZone: options.delegation_zone,
      inside: insideResolverOf(options),
    }),
    precheckHttp: createHttpPrecheck({ ...look, ...ports, goal: goalOf(options) }),
    precheckCaa: remembering(createCaaPrecheck(look), clock),
  };
}
