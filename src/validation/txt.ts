import type { Seen } from '../dns/dns.ts';
import { isPlainName, isWithin, printable, toDnsName } from '../dns/message/names.ts';
import { type Denied, findDenied } from '../dns/resolver/empty-non-terminal.ts';
import { IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import { locate } from '../dns/resolver/locate.ts';
import { label, queryAll, type Said, saidOf, unasked } from '../dns/resolver/query-all.ts';
import { ServerMemory } from '../dns/resolver/server-memory.ts';
import { Suffixes } from '../dns/resolver/suffixes.ts';
import { findWildcard } from '../dns/resolver/wildcard.ts';
import type { Clock } from '../kit/clock.ts';
import type { AskInside } from './host-signs.ts';
import { leadsToUs } from './leads-to-us.ts';
import { type Dead, type Trail, verdictOf } from './problem.ts';
import { judgeTxt } from './txt-situation.ts';
import type { PrecheckTxt, TxtCheck, Wanted } from './validation.ts';

/** What a look needs to know of the world. */
export interface PrecheckOptions {
  /** Addresses of root servers: the real ones, or a test world's. They are trusted. */
  readonly roots: readonly string[];
  /** Port of every server: 53, or a test world's. */
  readonly port: number;
  /** Ranges (CIDR) that may be asked besides public addresses. */
  readonly allow: readonly string[];
  /** Whether servers are asked over IPv6 too. */
  readonly ipv6: boolean;
  readonly clock: Clock;
  /** Zone of delegated validation: what is missing below it is not the subscriber's move. */
  readonly delegationZone?: string;
  /** Asks the machine's own resolver; undefined: nobody does. */
  readonly inside?: AskInside | undefined;
}

/** Longest that one look takes, in milliseconds of real time: it is a limit of network exchanges. */
const LOOK_MS = 10_000;
/** CNAMEs from the record's name to the name that holds it. */
const MOST_HOPS = 8;

/**
 * Looks at a TXT record as a CA will: from the root, at every authoritative server, CNAMEs followed across zones.
 * Takes 10 s and 50 messages at most; keeps nothing but registries' referrals. Rejects only with the reason of an
 * aborted signal.
 */
export function createTxtPrecheck(options: PrecheckOptions): PrecheckTxt {
  const memory = { suffixes: new Suffixes(options.clock), servers: new ServerMemory() };
  return async (record, signal) => {
    signal.throwIfAborted();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), LOOK_MS);
    try {
      const either = AbortSignal.any([signal, limit.signal]);
      const walk = new IterativeResolver({ ...options, ...memory }, either);
      const look = await lookWith({ ...options, walk, signal: either }, record);
      signal.throwIfAborted();
      return look;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** What one look goes by. */
type Looking = Pick<PrecheckOptions, 'clock' | 'delegationZone' | 'inside'> & {
  readonly walk: IterativeResolver;
  readonly signal: AbortSignal;
};

async function lookWith(looking: Looking, record: Wanted): Promise<TxtCheck> {
  const { walk, delegationZone } = looking;
  const way = await follow(walk, toDnsName(record.txtName));
  const denied = await deniedOn(walk, way, delegationZone);
  const trail = denied ? { ...way, denied, isSpent: walk.isSpent } : way;
  const look = { ...lookOf(record, trail, delegationZone), ...isLed(record, trail) };
  if (look.isVisible) return { ...look, ...(await judgeTxt(looking, record, { look, trail })) };
  const wildcard = await findWildcard(walk, toDnsName(record.txtName), [...trail.aliases, ...trail.said]);
  const whole = wildcard ? { ...trail, wildcard, isSpent: walk.isSpent } : trail;
  const last = wildcard ? { ...look, ...lookOf(record, whole, delegationZone) } : look;
  return { ...last, ...(await judgeTxt(looking, record, { look: last, trail: whole })) };
}

/** What is denied above one of the names that servers know, those that are ours left out. */
async function deniedOn(
  walk: IterativeResolver,
  { said, aliases }: Trail,
  delegationZone: string | undefined,
): Promise<Denied | undefined> {
  const known = [...aliases, ...said].filter(({ answer }) => answer === 'alias' || answer === 'values');
  for (const [name, those] of Object.entries(Object.groupBy(known, (one) => one.name))) {
    if (delegationZone !== undefined && isWithin(name, delegationZone)) continue;
    const denied = await findDenied(
      walk,
      name,
      those?.flatMap(({ from }) => from ?? []),
    );
    if (denied) return denied;
  }
  return undefined;
}

/** Follows the name, and each target that a server's CNAME names, to the servers that have no CNAME for it. */
async function follow(walk: IterativeResolver, name: string): Promise<Trail> {
  const said: Said[] = [];
  const aliases: Said[] = [];
  const dead: Dead[] = [];
  const met = new Set<string>();
  const go = async (at: string, path: readonly string[]): Promise<void> => {
    const end = endOf(at, path);
    if (end) dead.push(end);
    if (end || met.has(at)) return;
    met.add(at);
    // Servers name each other in random order; what the subscriber reads keeps still.
    const here = (await askAt(walk, at, dead)).toSorted((a, b) => (a.server < b.server ? -1 : 1));
    said.push(...here.filter((one) => one.answer !== 'alias'));
    aliases.push(...here.filter((one) => one.answer === 'alias'));
    for (const target of new Set(here.flatMap((one) => one.target ?? []))) await go(target, [...path, at]);
  };
  await go(name, []);
  return { said, aliases, dead, isSpent: walk.isSpent };
}

function endOf(at: string, path: readonly string[]): Dead | undefined {
  const from = path.at(-1) ?? '';
  if (!isPlainName(at)) return { kind: 'not_a_host', from, target: printable(at, 100) };
  if (path.includes(at)) return { kind: 'loop', path: [...path, at] };
  if (path.length > MOST_HOPS) return { kind: 'too_long', path };
  return undefined;
}

async function askAt(walk: IterativeResolver, name: string, dead: Dead[]): Promise<Said[]> {
  const located = await locate(walk, name);
  if (located.kind === 'zone') {
    const said = await queryAll(walk, located.zone, name);
    if (said.length === 0) dead.push({ kind: 'no_servers', name, zone: located.zone });
    return said;
  }
  if (located.kind === 'unregistered') {
    dead.push({ kind: 'unregistered', name, parent: located.parent, server: label(located.server) });
    return [{ server: label(located.server), name, answer: 'no_name', values: [] }];
  }
  const { zone, heard } = located;
  const said = [...heard.map((one) => saidOf(name, one)), ...(await unasked(walk, zone, name))];
  if (said.length === 0) dead.push({ kind: 'no_servers', name, zone });
  else dead.push({ kind: 'lame', name, zone: zone.name });
  return said;
}

function lookOf(record: Wanted, trail: Trail, delegationZone: string | undefined): TxtCheck {
  const { txtName, txtValue } = record;
  const verdict = verdictOf({ ...record, txtName: toDnsName(txtName) }, trail, delegationZone);
  return { txtName, txtValue, seen: trail.said.map(toSeen), ...verdict };
}

function isLed(record: Wanted, trail: Trail): Pick<TxtCheck, 'isLedToUs'> {
  const isLedToUs = leadsToUs({ ...record, txtName: toDnsName(record.txtName) }, trail);
  return isLedToUs === undefined ? {} : { isLedToUs };
}

function toSeen({ server, name, answer, values }: Said): Seen {
  const shown = values.slice(0, 20).map((value) => printable(value, 255));
  if (answer === 'barred')
    return { server: `${server}, refused by policy`, name, answer: 'unreachable', values: [] };
  return { server, name, answer: answer === 'alias' ? 'no_record' : answer, values: shown };
}
