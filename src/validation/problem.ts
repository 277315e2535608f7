import { getDomain } from 'tldts';
import { isRegistry, isWithin, printable } from '../dns/message/names.ts';
import type { Denied } from '../dns/resolver/empty-non-terminal.ts';
import type { Said } from '../dns/resolver/query-all.ts';
import type { Zone } from '../dns/resolver/zone.ts';
import { besideCname, type CnameFindings, cnameProblem } from './cname-problem.ts';
import { createStep, denial, failures, leadsTo, quoted, servers } from './message-format.ts';
import type { Wanted } from './validation.ts';

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
export interface Trail extends CnameFindings {
  readonly said: readonly Said[];
  readonly dead: readonly Dead[];
  /** A name above the record, or above one on the way to it, that servers deny. */
  readonly denied?: Denied;
  /** Whether it ended early, its time or its messages spent. */
  readonly isSpent: boolean;
}

/** What a look comes to. */
export interface Verdict {
  readonly isVisible: boolean;
  readonly problem?: string;
}

/**
 * Whether every server has the value, and one sentence for the subscriber where not: what was seen, at which servers, and
 * the next step. Names in `delegationZone` are ours to fill, and the sentence says so. What is visible has a sentence
 * too where a strict resolver of the CA does not get to it.
 */
export function verdictOf(record: Wanted, trail: Trail, delegationZone?: string): Verdict {
  const denied = trail.denied && denial(trail.denied);
  const beside = besideCname(trail);
  if (isVisible(record, trail) && beside === undefined)
    return { isVisible: true, ...(denied !== undefined && { problem: denied }) };
  const wrong = isVisible(record, trail)
    ? beside
    : (cnameProblem(record, trail) ?? wayProblem(record, trail, delegationZone));
  const early = trail.isSpent ? ' (the look ended early: its 10 s or 50 questions were spent)' : '';
  return { isVisible: false, problem: `${wrong}${denied === undefined ? '' : `; also, ${denied}`}${early}` };
}

const isVisible = ({ txtValue }: Wanted, { said, dead }: Trail): boolean =>
  dead.length === 0 && said.length > 0 && said.every(({ values }) => values.includes(txtValue));

function wayProblem(record: Wanted, { said, dead }: Trail, delegationZone: string | undefined): string {
  const isOurs = (name: string) => delegationZone !== undefined && isWithin(name, delegationZone);
  const [first] = dead;
  return first ? wordsOfDead(record, first, { said, isOurs }) : wordsOfServers(record, { said, isOurs });
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

function wordsOfDead(record: Wanted, dead: Dead, heard: Heard): string {
  if (dead.kind === 'unregistered') return unregistered(record, dead);
  if (dead.kind === 'no_servers') return `${leadsTo(record, dead.name)}${noServers(dead.zone)}`;
  if (dead.kind === 'lame') return `${leadsTo(record, dead.name)}${lame(dead, heard)}`;
  if (dead.kind === 'not_a_host') {
    if (dead.from === '')
      return `"${dead.target}" is no name that DNS can hold; leave the host out of the pack`;
    return `the CNAME at ${dead.from} leads to "${dead.target}", which is no host name; correct the CNAME at ${dead.from}`;
  }
  return dead.kind === 'loop'
    ? `the CNAMEs from ${record.txtName} lead in a circle (${dead.path.join(' → ')}); correct one of them`
    : `more than 8 CNAMEs follow one another from ${record.txtName}; let the first lead to the last name`;
}

function unregistered(record: Wanted, dead: Extract<Dead, { readonly kind: 'unregistered' }>): string {
  const domain = getDomain(dead.name) ?? dead.name;
  const seen = `${domain} does not exist in its parent, ${zoneWords(dead.parent)} (asked ${dead.server})`;
  return `${leadsTo(record, dead.name)}${seen}; register the domain, or have its registrar delegate it`;
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

function wordsOfServers(record: Wanted, { said, isOurs }: Heard): string {
  const has = said.filter((one) => one.values.includes(record.txtValue));
  const failed = said.filter(isFailure);
  const lacks = said.filter((one) => !has.includes(one) && !isFailure(one));
  if (has.length > 0) return partly(record, { has, lacks, failed });
  const groups = groupsOf(lacks);
  const first = groups[0]?.[0];
  if (!first) return nobody(record, { said, isOurs });
  const step = orOurMove(isOurs(first.name), nextStep(record, first));
  const also = failed.length > 0 ? `; also, ${failures(failed)}` : '';
  const seen = groups.length > 1 ? `its servers disagree: ${absences(groups)}` : absences(groups);
  return `${leadsTo(record, first.name)}${seen}; ${step}${also}`;
}

const isFailure = ({ answer }: Said): boolean => /^(barred|refused|failed|unreachable)$/.test(answer);

interface Split {
  readonly has: readonly Said[];
  readonly lacks: readonly Said[];
  readonly failed: readonly Said[];
}

/** Right at some servers. */
function partly(record: Wanted, { has, lacks, failed }: Split): string {
  const name = has[0]?.name ?? record.txtName;
  const behind = `${groupsOf(lacks)
    .map((group) => lag(name, group))
    .join(', ')}; wait until the zone has been transferred to every server`;
  const broken = `${failures(failed)}; repair that, or take the server out of the zone's NS records`;
  const rest = [...(lacks.length > 0 ? [behind] : []), ...(failed.length > 0 ? [broken] : [])].join(
    '; also, ',
  );
  const split = lacks.length > 0 ? 'the servers disagree: ' : '';
  return `${leadsTo(record, name)}${split}TXT ${name} has the value at ${servers(has)}, but ${rest}`;
}

/** What servers have that are behind the others. */
function lag(name: string, group: readonly Said[]): string {
  const [first] = group;
  if (!first || first.name !== name) return absences([group]);
  const other = first.answer === 'values' ? ` (other values there: ${quoted(first.values)})` : '';
  return `not yet at ${servers(group)}${other}`;
}

/** No server gave an answer that counts. */
function nobody(record: Wanted, { said, isOurs }: Heard): string {
  const areSilent = said.every((one) => one.answer === 'unreachable');
  const seen = areSilent
    ? 'none of its name servers can be reached'
    : 'none of its name servers answers for it';
  const name = said[0]?.name ?? record.txtName;
  const step = orOurMove(isOurs(name), "repair these servers, or correct the zone's NS records");
  return `${leadsTo(record, name) || `at ${record.txtName}, `}${seen}: ${failures(said)}; ${step}`;
}

/** Servers that said the same of the same name, those with other values first. */
function groupsOf(said: readonly Said[]): Said[][] {
  const groups = Object.groupBy(said, ({ name, answer, values }) =>
    JSON.stringify([name, answer, values.toSorted()]),
  );
  const some = Object.values(groups).flatMap((group) => (group ? [group] : []));
  return some.toSorted((one, other) => rank(one) - rank(other));
}

const rank = ([first]: readonly Said[]): number => (first?.answer === 'values' ? 0 : 1);

/** What is there in place of the value, for at most three groups of servers. */
const absences = (groups: readonly (readonly Said[])[]): string => groups.slice(0, 3).map(absence).join(', ');

function absence(group: readonly Said[]): string {
  const [first] = group;
  if (!first) return '';
  const where = servers(group);
  if (first.answer === 'no_name') return `the name ${first.name} does not exist at ${where}`;
  if (first.answer === 'no_record') return `${first.name} has no TXT record at ${where}`;
  return `TXT ${first.name} has other values at ${where}: ${quoted(first.values)}`;
}

function nextStep(record: Wanted, first: Said): string {
  if (first.answer !== 'values') return createStep(record, first.name);
  const step = `add the missing value "${printable(record.txtValue, 255)}" to TXT ${first.name}, where other values do no harm`;
  if (first.name !== record.txtName || record.delegatedTo === undefined) return step;
  return `${step}; or remove TXT ${first.name} and create CNAME ${record.txtName} that leads to ${record.delegatedTo}`;
}
