import { getDomain } from 'tldts';
import { isPlainName, toDnsName } from '../dns/message/names.ts';
import { IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import { ServerMemory } from '../dns/resolver/server-memory.ts';
import { Suffixes } from '../dns/resolver/suffixes.ts';
import { objectionOf, recordInWords } from './caa-policy.ts';
import { type CaaFound, CaaSearch } from './caa-search.ts';
import type { PrecheckOptions } from './txt.ts';
import type { CaaCheck, CaaQuestion, PrecheckCaa } from './validation.ts';

/**
 * Longest that one look takes, in milliseconds of real time: it is a limit of network exchanges. An order waits for it, and
 * what is known by then is told.
 */
const LOOK_MS = 3_500;
/** Messages for the way to a domain, and for each of its hosts. */
const QUERIES = { domain: 40, host: 10 };

/**
 * Looks at the CAA records of all hosts as a CA will: each name and its parents up to the top-level domain, from the
 * root, CNAMEs followed. What is forbidden is confirmed at every server of the zone. Takes 3.5 s, 40 messages a domain
 * and 10 a host at most; rejects only with the reason of an aborted signal.
 */
export function createCaaPrecheck(options: Omit<PrecheckOptions, 'delegationZone'>): PrecheckCaa {
  const memory = { suffixes: new Suffixes(options.clock), servers: new ServerMemory() };
  return async (question, signal) => {
    signal.throwIfAborted();
    if (question.identities.length === 0) return { doubts: [] };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
    const groups = Object.values(Object.groupBy(question.hosts.map(toDnsName), domainOf));
    const findings = await Promise.all(
      groups.map((hosts = []) => {
        const mostQueries = QUERIES.domain + QUERIES.host * hosts.length;
        const search = new CaaSearch(new IterativeResolver({ ...options, ...memory, mostQueries }, limit));
        return findAll(search, hosts, question);
      }),
    );
    signal.throwIfAborted();
    return lookOf(findings.flat());
  };
}

/** Hosts of one domain share their way and their parents. */
const domainOf = (host: string): string => getDomain(baseOf(host)) ?? host;

const baseOf = (host: string): string => host.replace(/^\*\./, '');

/** What came of one host: neither an objection nor a doubt is a yes. */
interface Finding {
  readonly host: string;
  readonly objection?: string;
  readonly doubt?: string;
  /** What it objects to. */
  readonly found?: CaaFound;
}

async function findAll(
  search: CaaSearch,
  hosts: readonly string[],
  question: CaaQuestion,
): Promise<Finding[]> {
  const [first, ...others] = hosts.filter((one) => isPlainName(one));
  const findOne = async (host: string) => ({ host, ...(await find(search, host, question)) });
  // They share a walk: what is above the first is looked up when the others come.
  return first === undefined ? [] : [await findOne(first), ...(await Promise.all(others.map(findOne)))];
}

async function find(search: CaaSearch, host: string, question: CaaQuestion): Promise<Omit<Finding, 'host'>> {
  const found = await search.climb(baseOf(host));
  if (found.kind === 'none') return {};
  if (found.kind === 'doubt') return { doubt: found.why };
  const judge = (records: CaaFound['records']) =>
    objectionOf({ owner: found.owner, records }, question, host.startsWith('*.'));
  const objection = judge(found.records);
  if (objection === undefined) return {};
  const others = await search.everywhere(found);
  const lenient = others.find(({ records }) => judge(records) === undefined);
  const said = `${via(found)}${objection} (seen at ${found.server})`;
  const apart = `while ${lenient?.server} lets it issue; let all name servers have the same records`;
  return lenient ? { doubt: `${said}, ${apart}, or the CA may refuse to issue` } : { objection: said, found };
}

/** How CNAMEs led to the records, when they did. */
const via = ({ at, owner }: CaaFound): string =>
  at === owner ? '' : `${at} leads by CNAME to ${owner}, and `;

/** Most sentences in one refusal. */
const MOST_OBJECTIONS = 3;

function lookOf(findings: readonly Finding[]): CaaCheck {
  const doubts = sentences(findings, 'doubt');
  const objections = sentences(findings, 'objection');
  if (objections.length === 0) return { doubts };
  const shown = objections.slice(0, MOST_OBJECTIONS).join('; also, ');
  const more = objections.length - MOST_OBJECTIONS;
  const seen = findings.flatMap(({ found }) => (found ? [toSeen(found)] : []));
  return { refusal: more > 0 ? `${shown}; and ${more} more of this kind` : shown, seen, doubts };
}

const toSeen = ({ server, owner, records }: CaaFound) => ({
  server,
  owner,
  records: records.map((record) => recordInWords(owner, record)),
});

/** One sentence for all hosts of which the same is said. */
function sentences(findings: readonly Finding[], kind: 'doubt' | 'objection'): string[] {
  const hosts = new Map<string, string[]>();
  for (const { host, [kind]: said } of findings) {
    if (said !== undefined) hosts.set(said, [...(hosts.get(said) ?? []), host]);
  }
  return [...hosts].map(([said, of]) => `${listed(of)}: ${said}`);
}

const listed = (hosts: readonly string[]): string =>
  hosts.length > 4 ? `${hosts.slice(0, 4).join(', ')} and ${hosts.length - 4} more` : hosts.join(', ');
