import {
  type DelegationSigner,
  isKnownAlgorithm,
  isKnownSigner,
  isNamedBy,
  isSignedBy,
  type Signature,
  toSignature,
  toSigner,
  toZoneKey,
  type ZoneKey,
} from '../message/dnssec.ts';
import type { SignedType } from '../message/message.ts';
import { isRegistry, isWithin, parentOf } from '../message/names.ts';
import { answersIn, type PlacedRecord } from '../message/raw-message.ts';
import { nameAt, nameBytes, TYPE } from '../message/raw-records.ts';
import type { IterativeResolver } from './iterative-resolver.ts';
import { locate } from './locate.ts';
import { label } from './query-all.ts';
import type { Server, Zone } from './zone.ts';

/** Why a validating resolver answers SERVFAIL for a name. */
export interface Bogus {
  readonly zone: string;
  /** The server whose answer is told of, as it is called to the subscriber. */
  readonly server: string;
  /** As the rest of a sentence. */
  readonly why: string;
}

/** Servers that are asked: a resolver that meets a bogus answer tries others too. */
const MOST_SERVERS = 3;

/** Records that are looked for. */
export interface Suspect {
  readonly name: string;
  readonly type: Exclude<SignedType, 'DNSKEY'>;
  /** The zone of the name, where that is known for sure. */
  readonly zone?: Zone;
}

/**
 * Whether a name's own zone is bogus (RFC 4035 5): its parent has DS records, and no key that they name signs the zone's keys,
 * or no key of the zone signs the records of the name. Undefined: it is not, or nobody can tell. Limits: zones above, denials of
 * existence and algorithms that are not of RFC 8624's required ones are not looked at.
 */
export async function findBogus(
  walk: IterativeResolver,
  { name, type, zone: known }: Suspect,
  now: Date,
): Promise<Bogus | undefined> {
  const held = known ?? (await zoneOf(walk, name));
  if (!held || isRegistry(held.name)) return undefined;
  const { name: zone } = held;
  const signers = await signersOf(walk, zone);
  // Somebody may know a way that is not known here, and what nobody knows counts as unsigned.
  if (signers.length === 0 || !signers.every(isKnownSigner)) return undefined;
  const { open } = await walk.serversOf(held);
  const asked = { walk, zone, name, type, signers, now };
  const all = await Promise.all(open.slice(0, MOST_SERVERS).map((server) => whyAt(server, asked)));
  const told = all.filter((one) => one !== undefined);
  const [first] = told;
  return first && told.every(({ why }) => why !== '') ? { zone, ...first } : undefined;
}

async function zoneOf(walk: IterativeResolver, name: string): Promise<Zone | undefined> {
  const located = await locate(walk, name);
  return located.kind === 'zone' ? located.zone : undefined;
}

/** The DS records that servers of the parent, which the walk came by, have for a zone. */
async function signersOf(walk: IterativeResolver, zone: string): Promise<DelegationSigner[]> {
  const { open } = await walk.serversOf(walk.nearest(parentOf(zone)));
  for (const server of open.slice(0, 2)) {
    const heard = await walk.ask(server, { name: zone, type: 'DS' }, 2);
    if (heard.kind === 'silence' || !heard.reply.isAuthoritative) continue;
    const own = heard.reply.answers.filter((one) => one.type === 'DS' && one.name === zone);
    return own.flatMap(({ data }) => toSigner(data) ?? []);
  }
  return [];
}

interface Asked {
  readonly walk: IterativeResolver;
  readonly zone: string;
  readonly name: string;
  readonly type: Exclude<SignedType, 'DNSKEY'>;
  readonly signers: readonly DelegationSigner[];
  readonly now: Date;
}

/** Why a server's answers are bogus, '' where they are not; undefined: it does not tell. */
async function whyAt(server: Server, asked: Asked): Promise<Omit<Bogus, 'zone'> | undefined> {
  const { walk, zone, name, type } = asked;
  const keySet = setOf(await walk.askSigned(server, zone, 'DNSKEY'), zone, [TYPE.dnskey]);
  if (!keySet) return undefined;
  const keys = keySet.records.flatMap((one) => toZoneKey(one) ?? []);
  const wrong = whyKeys(keys, keySet, asked);
  if (wrong !== '') return { server: label(server), why: wrong };
  const set = setOf(await walk.askSigned(server, name, type), name, [NUMBER[type], TYPE.cname]);
  if (!set || set.records.length === 0) return { server: label(server), why: '' };
  // Another zone of the same servers has it.
  const isOwn = set.signatures.every(({ signer }) => signer === zone);
  const why = isOwn ? whySet(set, keys, asked.now) : '';
  return { server: label(server), why: why === '' ? '' : `the records of ${name} ${why}` };
}

const NUMBER: Readonly<Record<Exclude<SignedType, 'DNSKEY'>, number>> = { A: 1, CNAME: 5, TXT: 16, AAAA: 28 };

/** A record set with its signatures. */
interface SignedSet {
  readonly records: readonly PlacedRecord[];
  readonly signatures: readonly Signature[];
}

/** The records of a name and their signatures, of the first of some types that there is; undefined: no answer that counts. */
function setOf(message: Buffer | undefined, name: string, types: readonly number[]): SignedSet | undefined {
  if (!message || (message.readUInt16BE(2) & 0x0400) === 0 || (message.readUInt16BE(2) & 15) !== 0)
    return undefined;
  const own = answersIn(message)?.filter((one) => one.name === name);
  if (!own) return undefined;
  const type = types.find((wanted) => own.some((one) => one.type === wanted));
  const signatures = own.flatMap((one) => toSignature(one, message) ?? []);
  return {
    records: own.filter((one) => one.type === type).map((one) => uncompressed(one, message)),
    signatures: signatures.filter(({ covers, signer }) => covers === type && isWithin(name, signer)),
  };
}

/** What is signed has no compressed names in it. */
function uncompressed(record: PlacedRecord, message: Buffer): PlacedRecord {
  const target = record.type === TYPE.cname ? nameAt(message, record.dataStart) : undefined;
  return target === undefined ? record : { ...record, data: nameBytes(target) };
}

function whyKeys(keys: readonly ZoneKey[], set: SignedSet, { zone, signers, now }: Asked): string {
  const tags = [...new Set(signers.map(({ tag }) => tag))].join(', ');
  if (keys.length === 0) return `the zone has no keys, and its parent has DS records for some (${tags})`;
  const named = keys.filter((key) => signers.some((signer) => isNamedBy(key, zone, signer)));
  const own = [...new Set(keys.map(({ tag }) => tag))].join(', ');
  if (named.length === 0)
    return `the DS records at the parent name the key ${tags}, and the zone has the keys ${own}`;
  const why = whySet(set, named, now);
  return why === '' ? '' : `the keys of the zone ${why}`;
}

/** Why no signature over a set is good; '' where one is, or none is of a kind that is looked at here. */
function whySet({ records, signatures }: SignedSet, keys: readonly ZoneKey[], now: Date): string {
  if (signatures.length === 0) return 'are not signed';
  const known = signatures.filter(({ algorithm }) => isKnownAlgorithm(algorithm));
  if (known.length === 0) return '';
  const current = known.filter(({ from, until }) => from <= now && now <= until);
  const good = current.some((one) => keys.some((key) => isSignedBy(key, one, records)));
  if (good) return '';
  if (current.length > 0) return 'have no signature that is right';
  const [last] = known.toSorted((a, b) => b.until.getTime() - a.until.getTime());
  return last && last.until < now
    ? `have signatures that ended at ${last.until.toISOString()}`
    : 'have signatures that are not good yet';
}
