import { type DnsRecord, RCODE } from '../dns/message/message.ts';
import { isPlainName, isRegistry, parentOf, printable } from '../dns/message/names.ts';
import type { Descent, IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import { locate } from '../dns/resolver/locate.ts';
import { label, saidOf, unasked } from '../dns/resolver/query-all.ts';
import { type CaaRecord, toCaaRecord } from './caa-value.ts';
import { failures } from './message-format.ts';

/** The record set that counts for a host. */
export interface CaaFound {
  readonly kind: 'records';
  /** The name in whose place it was found: the host or a parent. */
  readonly at: string;
  /** Where it stands: `at`, or the end of its CNAMEs. */
  readonly owner: string;
  /** Name and address of the server that was asked. */
  readonly server: string;
  readonly records: readonly CaaRecord[];
}

/**
 * What a search comes to; `doubt` where nobody could tell, and a CA that sees the same may not issue: a sentence that names
 * the servers and the next step.
 */
export type CaaResult =
  | CaaFound
  | { readonly kind: 'none' }
  | { readonly kind: 'doubt'; readonly why: string };

/** CNAMEs from one name to its records. */
const MOST_HOPS = 8;

/** Finds the CAA records that count for names (RFC 8659 3), remembering each name it asked for. */
export class CaaSearch {
  readonly #walk: IterativeResolver;
  readonly #met = new Map<string, Promise<CaaResult>>();

  constructor(walk: IterativeResolver) {
    this.#walk = walk;
  }

  /** The records of the first of `name` and its parents that has any. */
  async climb(name: string): Promise<CaaResult> {
    for (let at = name; at !== ''; at = parentOf(at)) {
      const asked = this.#met.get(at) ?? this.#at(at);
      this.#met.set(at, asked);
      const found = await asked;
      if (found.kind !== 'none') return found;
    }
    return { kind: 'none' };
  }

  /** What every server of the zone that answers has in place of what was found. */
  async everywhere({ owner }: CaaFound): Promise<Pick<CaaFound, 'server' | 'records'>[]> {
    const located = await locate(this.#walk, owner);
    if (located.kind !== 'zone') return [];
    const { open } = await this.#walk.serversOf(located.zone);
    const asked = { name: owner, type: 'CAA' as const };
    const heard = await Promise.all(
      open.map(async (server) => ({ server, heard: await this.#walk.ask(server, asked, 2) })),
    );
    return heard.flatMap((one) => {
      if (one.heard.kind === 'silence' || !one.heard.reply.isAuthoritative) return [];
      const { rcode, answers } = one.heard.reply;
      if (rcode !== RCODE.noError && rcode !== RCODE.nxDomain) return [];
      return [{ server: label(one.server), records: recordsAt(answers, owner) }];
    });
  }

  async #at(at: string): Promise<CaaResult> {
    const path = [at];
    for (let name = at; ; ) {
      const descent = await this.#walk.descend({ name, type: 'CAA' });
      if (descent.kind === 'stuck') return this.#doubt(name, descent);
      const { server, reply } = descent;
      const records = recordsAt(reply.answers, name);
      if (records.length > 0) return { kind: 'records', at, owner: name, server: label(server), records };
      const alias = reply.answers.find((record) => record.name === name && record.type === 'CNAME');
      if (!alias) return { kind: 'none' };
      const why = endOf(path, alias.data);
      if (why)
        return { kind: 'doubt', why: `${why} (seen at ${label(server)}); correct the CNAMEs, ${OR_ELSE}` };
      path.push(alias.data);
      name = alias.data;
    }
  }

  async #doubt(name: string, { zone, heard }: Extract<Descent, { kind: 'stuck' }>): Promise<CaaResult> {
    const asked = heard.map((one) => saidOf(name, one));
    const said = failures([...asked, ...(await unasked(this.#walk, zone, name))]);
    const seen = said === '' ? 'no name server has an address to ask' : said;
    const step = isRegistry(zone.name)
      ? 'nothing to do at the domain, it is looked at again'
      : `repair these servers, ${OR_ELSE}`;
    const spent = this.#walk.isSpent ? ' (the look ended early)' : '';
    return { kind: 'doubt', why: `CAA ${name} cannot be told: ${seen}; ${step}${spent}` };
  }
}

/** BR 3.2.2.8: a CA may take a failed look-up for a permission, in some cases. */
const OR_ELSE = 'or the CA may refuse to issue';

function endOf(path: readonly string[], target: string): string | undefined {
  const [at = ''] = path;
  if (!isPlainName(target)) return `the CNAMEs at ${at} lead to "${printable(target, 100)}", no host name`;
  if (path.includes(target))
    return `the CNAMEs from ${at} lead in a circle (${[...path, target].join(' → ')})`;
  return path.length > MOST_HOPS ? `more than ${MOST_HOPS} CNAMEs follow one another from ${at}` : undefined;
}

const recordsAt = (answers: readonly DnsRecord[], owner: string): CaaRecord[] =>
  answers
    .filter((record) => record.name === owner && record.type === 'CAA')
    .map(({ data }) => toCaaRecord(data));
