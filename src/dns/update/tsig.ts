import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Fault } from '../../kit/fault.ts';
import { between, minutes, type Seconds } from '../../kit/time.ts';
import { isPlainName, printable, toDnsName } from '../message/names.ts';
import {
  CLASS,
  HEADER,
  lastRecord,
  nameAt,
  nameBytes,
  type RawRecord,
  recordBytes,
  TYPE,
  uint16,
} from '../message/raw-records.ts';
import { type KeyText, keysIn } from './key-text.ts';

/** Algorithms of RFC 8945 6 that are spoken, and their hashes. */
const ALGORITHMS = {
  'hmac-sha1': 'sha1',
  'hmac-sha224': 'sha224',
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
} as const;

const NAMES = Object.keys(ALGORITHMS).join(', ');
const isAlgorithm = (name: string): name is keyof typeof ALGORITHMS => Object.hasOwn(ALGORITHMS, name);

/** A key that a name server shares with us. It holds the secret as a KeyObject, which prints as its name. */
export interface TsigKey {
  readonly name: string;
  readonly algorithm: keyof typeof ALGORITHMS;
  readonly secret: KeyObject;
}

/** How far the two clocks may differ (RFC 8945 10). */
const FUDGE: Seconds = minutes(5);

/** A key as it is configured. */
interface GivenKey {
  /** May be left out where the text of the secret has it. */
  readonly name?: string | undefined;
  /** `hmac-sha256` where neither this nor the text of the secret says. */
  readonly algorithm?: string | undefined;
  /** In base64, or all that a tool printed of the key; see `keysIn`. */
  readonly secret: string;
}

/**
 * A key as it is configured. Throws `configuration` for a name, an algorithm or a secret that cannot be, in words that do
 * not repeat the secret.
 */
export function toTsigKey(given: GivenKey): TsigKey {
  const text = textOf(given);
  const name = agreed('name', given.name, text.name) ?? '';
  if (name === '') throw wrong('a TSIG key needs a name');
  if (!isPlainName(name)) throw wrong('a TSIG key has a name that DNS cannot hold');
  const algorithm = agreed('algorithm', given.algorithm, text.algorithm) ?? 'hmac-sha256';
  if (!isAlgorithm(algorithm)) throw wrong(`the TSIG key ${name} must be of one of ${NAMES}`);
  const secret = Buffer.from(text.secret, 'base64');
  if (secret.length < 16 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text.secret))
    throw wrong(
      `the secret of the TSIG key ${name} must be base64 of 16 bytes or more, or what tsig-keygen prints`,
    );
  return { name, algorithm, secret: createSecretKey(secret) };
}

const wrong = (why: string): Fault => new Fault('configuration', why);

/** The key in the text of the secret: the one of the given name where there are several. */
function textOf({ name, secret }: GivenKey): KeyText {
  const keys = keysIn(secret);
  const named = keys.find((key) => name !== undefined && toDnsName(key.name ?? '') === toDnsName(name));
  if (keys.length > 1 && !named)
    throw wrong('the secret of the TSIG key has several keys in it; name the one to be used');
  return named ?? keys[0] ?? { secret: '' };
}

/** What was given twice has to be the same. */
function agreed(what: string, given: string | undefined, inText: string | undefined): string | undefined {
  const [one, other] = [given, inText].map((text) => (text === undefined ? undefined : toDnsName(text)));
  if (one !== undefined && other !== undefined && one !== other)
    throw wrong(
      `the TSIG key has another ${what} in the text of its secret than the one that is configured beside it`,
    );
  return one ?? other;
}

/** A message with its signature, and the MAC that the answer's covers. */
export interface Signed {
  readonly bytes: Buffer;
  readonly mac: Buffer;
}

/** The variables of a signature (RFC 8945 4.2). */
interface Signature {
  readonly signedAt: number;
  readonly fudge: Seconds;
  readonly mac: Buffer;
  readonly id: number;
  readonly error: number;
  readonly other: Buffer;
}

/** Signs a message at `now` (RFC 8945 5.1). */
export function signMessage(message: Buffer, key: TsigKey, now: Date): Signed {
  const signedAt = Math.floor(now.getTime() / 1_000);
  const id = message.readUInt16BE(0);
  const variables = { signedAt, fudge: FUDGE, error: 0, other: Buffer.alloc(0) };
  const mac = macOf(key, [message, variablesOf(key, variables)]);
  const record = recordBytes(toRecord(key, { ...variables, mac, id }));
  const bytes = Buffer.concat([message, record]);
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10);
  return { bytes, mac };
}

/**
 * What an answer to a signed message is: `signed` with the message without its signature; `unsigned`, of which a
 * failure may be believed and a success never; `refused` when the server did not take our signature, or its own is
 * wrong. `why` goes on after the server's name.
 */
export type Opened =
  | { readonly kind: 'signed' | 'unsigned'; readonly message: Buffer }
  | { readonly kind: 'refused'; readonly why: string };

/** Checks the signature of an answer to `request` at `now` (RFC 8945 5.3). Never throws. */
export function openAnswer(bytes: Buffer, key: TsigKey, request: Signed, now: Date): Opened {
  if (!isAnswerTo(bytes, request)) return untrusted('answers something else than it was asked');
  const record = lastRecord(bytes);
  const signature = record && isTsig(bytes, record) ? toSignature(record) : undefined;
  if (!record || !signature) return { kind: 'unsigned', message: bytes };
  if (record.name !== key.name || signature.algorithm !== key.algorithm)
    return untrusted(`answers with the signature of another key than "${key.name}"`);
  // Who does not know the key, or has another secret, cannot sign that.
  if (isUnsignedError(signature)) return refused(signature, key, now);
  const message = unsigned(bytes, record.start, signature.id);
  const parts = [uint16(request.mac.length), request.mac, message, variablesOf(key, signature)];
  return isSame(signature.mac, macOf(key, parts))
    ? timely(message, signature, key, now)
    : untrusted('answers with a TSIG signature that is wrong');
}

const isUnsignedError = ({ error, mac }: Signature): boolean => error !== 0 && mac.length === 0;

/** The message as it was before it was signed, with the id that was signed (RFC 8945 4.2). */
function unsigned(bytes: Buffer, end: number, id: number): Buffer {
  const message = Buffer.from(bytes.subarray(0, end));
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(message.readUInt16BE(10) - 1, 10);
  return message;
}

function timely(message: Buffer, signature: Signature, key: TsigKey, now: Date): Opened {
  if (signature.error !== 0) return refused(signature, key, now);
  return Math.abs(signature.signedAt - now.getTime() / 1_000) > FUDGE
    ? untrusted('answers with a TSIG signature of another time')
    : { kind: 'signed', message };
}

const isAnswerTo = (bytes: Buffer, request: Signed): boolean =>
  bytes.length >= HEADER && bytes.readUInt16BE(0) === request.bytes.readUInt16BE(0);

/** The signature is the last of the additional records (RFC 8945 5.1). */
const isTsig = (bytes: Buffer, record: RawRecord): boolean =>
  record.type === TYPE.tsig && record.class === CLASS.any && record.ttl === 0 && bytes.readUInt16BE(10) > 0;

const untrusted = (why: string): Opened => ({ kind: 'refused', why });

const isSame = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** Errors of RFC 8945 3 in words with the next step. */
function refused({ error, other }: Signature, key: TsigKey, now: Date): Opened {
  const named = `the TSIG key "${key.name}"`;
  const why: Readonly<Record<number, string>> = {
    16: `has another secret for ${named} (BADSIG); give both sides the same secret`,
    17: `does not know ${named} with ${key.algorithm}, or not for this zone (BADKEY); configure it there`,
    18: `finds our signature too old or too new${apart(other, now)} (BADTIME); set both clocks right`,
    22: `wants another length of signature for ${named} (BADTRUNC)`,
  };
  return { kind: 'refused', why: why[error] ?? `refuses ${named} with TSIG error ${error}` };
}

/** The server tells its time with BADTIME (RFC 8945 5.2.3). */
function apart(other: Buffer, now: Date): string {
  if (other.length !== 6) return '';
  const difference = Math.round(between(now, new Date(other.readUIntBE(0, 6) * 1_000)));
  return `, its clock is ${Math.abs(difference)} s ${difference < 0 ? 'behind' : 'ahead of'} ours`;
}

function macOf(key: TsigKey, parts: readonly Buffer[]): Buffer {
  const mac = createHmac(ALGORITHMS[key.algorithm], key.secret);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

type Variables = Pick<Signature, 'signedAt' | 'fudge' | 'error' | 'other'>;

/** What is signed besides the message (RFC 8945 4.3.3). */
const variablesOf = (key: TsigKey, variables: Variables): Buffer =>
  Buffer.concat([
    nameBytes(key.name),
    uint16(CLASS.any),
    Buffer.alloc(4),
    nameBytes(key.algorithm),
    timeBytes(variables),
    uint16(variables.error),
    uint16(variables.other.length),
    variables.other,
  ]);

function timeBytes({ signedAt, fudge }: Variables): Buffer {
  const time = Buffer.alloc(6);
  time.writeUIntBE(signedAt, 0, 6);
  return Buffer.concat([time, uint16(fudge)]);
}

function toRecord(key: TsigKey, signature: Signature): RawRecord {
  const { mac, id, error, other } = signature;
  const tail = [uint16(mac.length), mac, uint16(id), uint16(error), uint16(other.length), other];
  const data = Buffer.concat([nameBytes(key.algorithm), timeBytes(signature), ...tail]);
  return { name: key.name, type: TYPE.tsig, class: CLASS.any, ttl: 0, data };
}

function toSignature({ data }: RawRecord): (Signature & { readonly algorithm: string }) | undefined {
  const algorithm = nameAt(data, 0);
  if (algorithm === undefined) return undefined;
  const at = nameBytes(algorithm).length;
  try {
    const macEnd = at + 10 + data.readUInt16BE(at + 8);
    const other = data.subarray(macEnd + 6);
    if (other.length !== data.readUInt16BE(macEnd + 4)) return undefined;
    return {
      algorithm: printable(algorithm, 100),
      signedAt: data.readUIntBE(at, 6),
      fudge: data.readUInt16BE(at + 6),
      mac: data.subarray(at + 10, macEnd),
      id: data.readUInt16BE(macEnd),
      error: data.readUInt16BE(macEnd + 2),
      other,
    };
  } catch {
    // Reads beyond the end.
    return undefined;
  }
}
