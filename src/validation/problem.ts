import { getDomain } from 'tldts';
import type { Said } from './dns/everyone.ts';
import { isRegistry, isWithin, printable } from './dns/names.ts';
import type { Zone } from './dns/zone.ts';

/** Where the way to the record ended without a server to ask. */
export type Dead =
  /** `from` is empty where the record's own name is at fault. */
  | { readonly kind: 'not_a_host'; readonly from: string; readonly target: string }
  | { readonly kind: 'loop' | 'too_long'; readonly path: readonly string[] }
  | { readonly kind: 'no_servers'; readonly name: string; readonly zone: Zone }
  | { readonly kind: 'unregistered'; readonly name: string; readonly parent: string; readonly server: string }
  /** Servers were asked, and none of them answers for the zone; what each said is in the trail. */
  | { readonly kind: 'lame'; readonly name: string; readonly zone: string };

/** All that a look met. */
export interface Trail {
  readonly said: readonly Said[];
  readonly dead: readonly Dead[];
  /** Whether it ended early, its time or its messages spent. */
  readonly isSpent: boolean;
}

interface TxtRecord {
  readonly txtName: string;
  readonly txtValue: string;
}

/**
 * One sentence for the subscriber: what was seen, at which servers, and the next step; undefined when every server
 * has the value. Names in `delegationZone` are ours to fill, and the sentence says so.
 */
export function problemOf(record: TxtRecord, trail: Trail, delegationZone?: string): string | undefined {
  const isOurs = (name: string) => delegationZone !== undefined && isWithin(name, delegationZone);
  const [dead] = trail.dead;
  const words = dead
    ? wordsOfDead(record, dead, { said: trail.said, isOurs })
    : wordsOfServers(record, { said: trail.said, isOurs });
  return words && trail.isSpent
    ? `${words} (the look ended early: its 10 s or 50 questions were spent)`
    : words;
}

interface Heard {
  readonly said: readonly Said[];
  /** Whether a name is in our delegation zone. */
  readonly isOurs: (name: string) => boolean;
}

/** The next step, unless what is wrong is with us. */
const orOurMove = (isOurs: boolean, step: string): string => (isOurs ? OUR_MOVE : step);

const OUR_MOVE =
  'this is ours to put right where the CNAME is the one in dcv_delegation_records, else correct the CNAME; ' +
  'it is looked at again';

function wordsOfDead(record: TxtRecord, dead: Dead, heard: Heard): string {
  if (dead.kind === 'unregistered') return unregistered(record, dead);
  if (dead.kind === 'no_servers') return `${to(record, dead.name)}${noServers(dead.zone)}`;
  if (dead.kind === 'lame') return `${to(record, dead.name)}${lame(dead, heard)}`;
  if (dead.kind === 'not_a_host') {
    if (dead.from === '')
      return `"${dead.target}" is no name that DNS can hold; leave the host out of the pack`;
    return `the CNAME at ${dead.from} leads to "${dead.target}", which is no host name; correct the CNAME`;
  }
  return dead.kind === 'loop'
    ? `the CNAMEs from ${record.txtName} lead in a circle (${dead.path.join(' → ')}); correct one of them`
    : `more than 10 CNAMEs follow one another from ${record.txtName}; let the first lead to the last name`;
}

function unregistered(record: TxtRecord, dead: Extract<Dead, { readonly kind: 'unregistered' }>): string {
  const domain = getDomain(dead.name) ?? dead.name;
  const seen = `${domain} does not exist in its parent, ${zoneWords(dead.parent)} (asked ${dead.server})`;
  return `${to(record, dead.name)}${seen}; register the domain, or have its registrar delegate it`;
}

function noServers({ name, nameServers }: Zone): string {
  const names = nameServers.map((server) => server.name).join(', ');
  const seen = names === '' ? 'names no server' : `names ${names}, and none of them has an address to ask`;
  return `the delegation of ${zoneWords(name)} ${seen}; correct the name servers at the registrar`;
}

type Lame = Extract<Dead, { readonly kind: 'lame' }>;

function lame({ name, zone }: Lame, { said, isOurs }: Heard): string {
  const here = said.filter((one) => one.name === name);
  const seen = `no server of ${zoneWords(zone)} answers for it: ${failures(here)}`;
  if (isRegistry(zone)) return `${seen}; nothing to do at the domain, it is looked at again`;
  const step = 'repair these servers, or correct the name servers at the registrar';
  return `${seen}; ${orOurMove(isOurs(name), step)}`;
}

const zoneWords = (zone: string): string => (zone === '' ? 'the root zone' : `the zone ${zone}`);

/** How the CNAMEs led to `name`, when they did. */
const to = (record: TxtRecord, name: string): string =>
  name === record.txtName ? '' : `${record.txtName} leads by CNAME to ${name}, and `;

function wordsOfServers(record: TxtRecord, { said, isOurs }: Heard): string | undefined {
  const has = said.filter((one) => one.values.includes(record.txtValue));
  const failed = said.filter(isFailure);
  const lacks = said.filter((one) => !has.includes(one) && !isFailure(one));
  if (has.length > 0 && has.length === said.length) return undefined;
  if (has.length > 0) return partly(record, { has, lacks, failed });
  const first = lacks.find((one) => one.answer === 'values') ?? lacks[0];
  if (!first) return nobody(record, { said, isOurs });
  const step = orOurMove(isOurs(first.name), nextStep(record, first));
  const also = failed.length > 0 ? `; also, ${failures(failed)}` : '';
  return `${to(record, first.name)}${absence(first, lacks)}; ${step}${also}`;
}

const isFailure = ({ answer }: Said): boolean => /^(barred|refused|failed|unreachable)$/.test(answer);

interface Split {
  readonly has: readonly Said[];
  readonly lacks: readonly Said[];
  readonly failed: readonly Said[];
}

/** Right at some servers. */
function partly(record: TxtRecord, { has, lacks, failed }: Split): string {
  const name = has[0]?.name ?? record.txtName;
  const behind = `not yet at ${servers(lacks)}; wait until the zone has been transferred to every server`;
  const broken = `${failures(failed)}; repair that, or take the server out of the zone's NS records`;
  const rest = [...(lacks.length > 0 ? [behind] : []), ...(failed.length > 0 ? [broken] : [])].join(
    '; also, ',
  );
  return `${to(record, name)}TXT ${name} has the value at ${servers(has)}, but ${rest}`;
}

/** No server gave an answer that counts. */
function nobody(record: TxtRecord, { said, isOurs }: Heard): string {
  const areSilent = said.every((one) => one.answer === 'unreachable');
  const seen = areSilent
    ? 'none of its name servers can be reached'
    : 'none of its name servers answers for it';
  const name = said[0]?.name ?? record.txtName;
  const step = orOurMove(isOurs(name), "repair these servers, or correct the zone's NS records");
  return `${to(record, name) || `at ${record.txtName}, `}${seen}: ${failures(said)}; ${step}`;
}

function absence(first: Said, lacks: readonly Said[]): string {
  const where = servers(lacks);
  if (first.answer === 'no_name') return `the name ${first.name} does not exist at ${where}`;
  if (first.answer === 'no_record') return `${first.name} has no TXT record at ${where}`;
  const shown = first.values.slice(0, 3).map((value) => `"${printable(value, 80)}"`);
  const more = first.values.length > 3 ? ` and ${first.values.length - 3} more` : '';
  return `TXT ${first.name} has other values at ${where}: ${shown.join(', ')}${more}`;
}

function nextStep({ txtValue }: TxtRecord, first: Said): string {
  const value = `"${printable(txtValue, 255)}"`;
  if (first.answer !== 'values') return `create TXT ${first.name} with value ${value}`;
  return `add the missing value ${value} beside them, where they do no harm`;
}

/** Names at most four servers. */
function servers(said: readonly Said[]): string {
  const names = said.slice(0, 4).map((one) => one.server);
  return said.length > 4 ? `${names.join(', ')} and ${said.length - 4} more` : names.join(', ');
}

function failures(said: readonly Said[]): string {
  const words = said.slice(0, 4).map((one) => `${one.server} ${one.why ?? BARRED}`);
  return said.length > 4 ? `${words.join(', ')} and ${said.length - 4} more` : words.join(', ');
}

const BARRED = 'was not asked, its address is refused by policy';
