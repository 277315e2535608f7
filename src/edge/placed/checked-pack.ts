import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { withoutWildcard } from '../../pack/hosts.ts';
import { isElsewhere } from '../../pack/key-elsewhere.ts';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import { isHostName } from '../bundled/host-name.ts';
import type { HeldPack, PlacedPack, RefusedPack } from '../driver.ts';
import type { ServedKeyPair } from '../edge.ts';

/** A pack of which all was read: nothing of what came is written anywhere but what is in here. */
export interface CheckedPack extends HeldPack {
  /** PEM of the chain, the leaf first, and of its key in PKCS#8 behind it, as we wrote them anew. */
  readonly files: Readonly<Partial<Record<Algorithm, string>>>;
  /** 16 hexadecimal digits, other ones for other files. */
  readonly digest: string;
}

/** Packs that were read. */
export interface CheckedPacks {
  readonly checked: readonly CheckedPack[];
  readonly refused: readonly RefusedPack[];
}

const AT_A_TIME = 10;

/** Most certificates of a chain. */
const MOST_CERTIFICATES = 16;

const ID = /^[0-9A-Za-z-]{1,64}$/;
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,65536}-----END CERTIFICATE-----/g;
const KEY_TYPES: Readonly<Record<Algorithm, string>> = { ecdsa: 'ec', rsa: 'rsa' };

/**
 * Reads packs for edges that have keys in files: those that can be placed, and those that cannot, with why. Whatever else
 * stood in the texts, e.g. between blocks of PEM, is left behind.
 */
export function checkPacks(packs: readonly PlacedPack[]): CheckedPacks {
  const found = packs.map(checkPack);
  return {
    checked: found.flatMap((pack) => ('why' in pack ? [] : [pack])),
    refused: found.flatMap((pack) => ('why' in pack ? [pack] : [])),
  };
}

/** The same of any number: a pack takes a millisecond or more, and others go on meanwhile. */
export async function checkManyPacks(packs: readonly PlacedPack[]): Promise<CheckedPacks> {
  const checked: CheckedPack[] = [];
  const refused: RefusedPack[] = [];
  for (let at = 0; at < packs.length; at += AT_A_TIME) {
    const some = checkPacks(packs.slice(at, at + AT_A_TIME));
    checked.push(...some.checked);
    refused.push(...some.refused);
    await setImmediate();
  }
  return { checked, refused };
}

function checkPack({ packId, names, certificates }: PlacedPack): CheckedPack | RefusedPack {
  const refused = (why: string) => ({ packId, why });
  if (!ID.test(packId)) return refused('its id is none: letters, digits and hyphens');
  const odd = names.find((name) => !isHostName(withoutWildcard(name)));
  if (odd !== undefined) return refused(`${JSON.stringify(odd.slice(0, 260))} is no host name`);
  if (names.length === 0) return refused('it has no names');
  const files: Partial<Record<Algorithm, string>> = {};
  const leaves: Partial<Record<Algorithm, string>> = {};
  for (const algorithm of ALGORITHMS) {
    const pair = certificates[algorithm];
    if (!pair) continue;
    const read = readPair(pair, algorithm);
    if (typeof read === 'string') return refused(`${algorithm}: ${read}`);
    files[algorithm] = read.pem;
    leaves[algorithm] = read.leaf;
  }
  if (Object.keys(files).length === 0) return refused('it has no certificates');
  return { packId, names, files, leaves, digest: digestOf(files) };
}

/** Of a pack's files. */
export function digestOf({ ecdsa, rsa }: CheckedPack['files']): string {
  return createHash('sha256')
    .update(JSON.stringify([ecdsa, rsa]))
    .digest('hex')
    .slice(0, 16);
}

/** The text of the file and the leaf's SHA-256; or why there is none. */
function readPair(
  { chain, key }: ServedKeyPair,
  algorithm: Algorithm,
): { pem: string; leaf: string } | string {
  if (isElsewhere(key)) return 'its key stays with its owner, and edges of this make need the key itself';
  const certificates = readChain(chain);
  const [leaf] = certificates;
  if (!leaf) return `its chain cannot be read as one to ${MOST_CERTIFICATES} certificates in PEM`;
  const privateKey = readKey(key);
  if (!privateKey) return 'its key cannot be read as one in PEM';
  if (privateKey.asymmetricKeyType !== KEY_TYPES[algorithm]) return 'its key is of another algorithm';
  if (!leaf.checkPrivateKey(privateKey)) return 'its key does not belong to its certificate';
  const pem = `${certificates.map(String).join('')}${String(privateKey.export({ type: 'pkcs8', format: 'pem' }))}`;
  return { pem, leaf: createHash('sha256').update(leaf.raw).digest('hex') };
}

function readChain(chain: string): X509Certificate[] {
  const blocks = chain.match(BLOCK) ?? [];
  if (blocks.length > MOST_CERTIFICATES) return [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

/** Without the words of who cannot read it: they might have something of the key. */
function readKey(key: string): KeyObject | undefined {
  try {
    return createPrivateKey(key);
  } catch {
    return undefined;
  }
}
