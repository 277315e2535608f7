import { printable } from '../dns/message/names.ts';
import type { Said } from '../dns/resolver/query-all.ts';
import type { Wildcard } from '../dns/resolver/wildcard.ts';
import { createStep, quoted, servers } from './message-format.ts';
import type { Wanted } from './validation.ts';

/** What the record's own name was found to be, besides a plain TXT. */
export interface CnameFindings {
  readonly aliases: readonly Said[];
  readonly wildcard?: Wildcard;
}

/**
 * One sentence where what is wrong is at a CNAME or a wildcard: a wildcard that answers for the name, TXT beside a
 * CNAME, a CNAME that leads elsewhere than to the delegation; undefined for none of these.
 */
export function cnameProblem(record: Wanted, trail: CnameFindings): string | undefined {
  if (trail.wildcard) return wildcard(record, trail.wildcard);
  return besideCname(trail) ?? elsewhere(record, trail);
}

function wildcard(record: Wanted, { owner, said }: Wildcard): string {
  const what = said.target === undefined ? `TXT ${quoted(said.values)}` : `a CNAME to ${shown(said.target)}`;
  const seen = `${record.txtName} has no record of its own, the wildcard ${owner} answers for it with ${what}`;
  return `${seen} at ${said.server}; ${createStep(record, record.txtName)}, which counts before the wildcard`;
}

/** A sentence where TXT stands beside a CNAME (RFC 1034 3.6.2), which each resolver reads in its own way. */
export function besideCname({ aliases }: CnameFindings): string | undefined {
  const both = aliases.filter(({ values }) => values.length > 0);
  const [first] = both;
  if (!first) return undefined;
  const seen = `${first.name} has TXT ${quoted(first.values)} beside a CNAME to ${shown(first.target ?? '')}`;
  return `${seen} at ${servers(both)}, which DNS forbids; remove the TXT or the CNAME of ${first.name}`;
}

function elsewhere({ txtName, delegatedTo }: Wanted, { aliases }: CnameFindings): string | undefined {
  const own = aliases.filter(({ name }) => name === txtName);
  const [first] = own;
  if (delegatedTo === undefined || !first) return undefined;
  // A way over names of the subscriber's own is as good.
  if (aliases.some(({ target }) => target === delegatedTo)) return undefined;
  const seen = `${txtName} leads by CNAME to ${shown(first.target ?? '')} at ${servers(own)}`;
  return `${seen}, not to ${delegatedTo}; let the CNAME ${txtName} lead to ${delegatedTo}`;
}

const shown = (name: string): string => printable(name, 255);
