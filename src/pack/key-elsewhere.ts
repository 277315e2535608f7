/**
 * Private keys that their owners keep: where each is. A token by an RFC 7512 URI, a key server by its host and port. Written as one
 * text, it stands where the PEM of other keys does.
 */
import { isIP } from 'node:net';
import { Fault } from '../kit/fault.ts';
import type { Algorithm, PackKey } from './pack.ts';

/** A private key in a PKCS#11 token. */
export interface TokenKey {
  readonly kind: 'token';
  /** Label of the token; '' for the only one. */
  readonly token: string;
  /** Label of the key (`object`); '' for any. */
  readonly label: string;
  /** Bytes of its id; none for any. */
  readonly id: Buffer;
}

/** A private key behind a key server, which finds it by the public key. */
export interface ServerKey {
  readonly kind: 'server';
  readonly host: string;
  readonly port: number;
}

export type KeyElsewhere = TokenKey | ServerKey;

const TOKEN = 'pkcs11:';
const SERVER = 'keyserver:';
/** What labels of keys begin with that are made for packs. */
const OURS = 'certpacks-';

/** The URI of a new key of a pack in the token of that label, '' for the only one; `id` is a UUID. */
export function tokenKeyUri(
  token: string,
  pack: Pick<PackKey, 'id'>,
  algorithm: Algorithm,
  id: string,
): string {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex').toString('hex').replaceAll(/../g, '%$&');
  const of = token === '' ? '' : `token=${encodeURIComponent(token)};`;
  return `${TOKEN}${of}object=${OURS}${pack.id}-${algorithm};id=${bytes};type=private`;
}

/** The label of the token that a URI names; '' for the only one. */
export function tokenIn(uri: string): string {
  const place = toKeyElsewhere(uri);
  return place.kind === 'token' ? place.token : '';
}

/** Whether a text names a key that is elsewhere, and is no key. */
export const isElsewhere = (key: string): boolean => key.startsWith(TOKEN) || key.startsWith(SERVER);

/** A key's place as one text; throws `malformed_request` in words for whoever sent it. */
export function elsewhereText(host: string, port: number): string {
  if (host.startsWith(TOKEN)) return demandOwners(host);
  if (!isHost(host)) throw malformed('is the name or address of a key server, or a pkcs11: URI (RFC 7512)');
  return `${SERVER}${host.toLowerCase()}:${port}`;
}

/** Keys of packs are nobody's to name. */
function demandOwners(uri: string): string {
  const { label } = toTokenKey(uri.slice(TOKEN.length));
  if (label.startsWith(OURS)) throw malformed('names a key that was made for a certificate pack');
  return uri;
}

const isHost = (text: string): boolean =>
  isIP(text) !== 0 ||
  (text.length <= 253 &&
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(text));

/** What a text names. Throws `malformed_request` where it names nothing. */
export function toKeyElsewhere(text: string): KeyElsewhere {
  if (text.startsWith(TOKEN)) return toTokenKey(text.slice(TOKEN.length));
  const [, host, port] = /^keyserver:(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw malformed('names no key');
  return { kind: 'server', host, port: Number(port) };
}

const LONGEST = { token: 32, object: 255, id: 255 } as const;
type AttributeName = keyof typeof LONGEST;
const ATTRIBUTE_NAMES: readonly AttributeName[] = ['token', 'object', 'id'];

function toTokenKey(uri: string): TokenKey {
  const [path = '', query] = uri.split('?', 2);
  if (query !== undefined)
    throw malformed('has a query (?…): the PIN and the module are the operator’s to configure; leave it out');
  const found = new Map<AttributeName, Buffer>();
  for (const attribute of path.split(';')) addAttribute(found, attribute);
  if (!found.has('object') && !found.has('id')) throw malformed('needs an object or an id: which key');
  const textOf = (name: AttributeName) => found.get(name)?.toString() ?? '';
  return {
    kind: 'token',
    token: textOf('token'),
    label: textOf('object'),
    id: found.get('id') ?? Buffer.alloc(0),
  };
}

function addAttribute(found: Map<AttributeName, Buffer>, attribute: string): void {
  if (attribute === 'type=private') return;
  const [given = '', value = ''] = attribute.split('=', 2);
  const name = ATTRIBUTE_NAMES.find((one) => one === given);
  if (name === undefined)
    throw malformed(`has ‘${given.slice(0, 40)}’: token, object, id and type=private are taken`);
  if (found.has(name)) throw malformed(`has ${name} twice`);
  found.set(name, bytesOf(value, name));
}

function bytesOf(value: string, name: AttributeName): Buffer {
  if (!/^(?:[^%;?#\s\0]|%[0-9a-f]{2})+$/i.test(value)) throw malformed(`has a ${name} that cannot be read`);
  const bytes = Buffer.from(
    value.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  if (bytes.length > LONGEST[name]) throw malformed(`has a ${name} of more than ${LONGEST[name]} bytes`);
  if (name !== 'id' && bytes.includes(0)) throw malformed(`has a ${name} with a zero in it`);
  return bytes;
}

const malformed = (why: string): Fault => new Fault('malformed_request', `host ${why}`, { pointer: '/host' });

/** What the message of a pack has in it whose key does not sign. */
export const KEY_AWAY = 'the private key does not sign: ';

/** Those messages of a pack that tell of its key: only a look at the key takes them away. */
export const keyAwayIn = (messages: readonly string[]): string[] =>
  messages.filter((message) => message.includes(KEY_AWAY));
