/** Private keys as people send them: PKCS#1, SEC1 and PKCS#8 (RFC 8017, 5915, 5958), in PEM, without a password. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import { type PemBlock, readBlocks } from './pem.ts';

/** What is under a label: a `key`, one that is `encrypted`, or why it is of no use. A key under the label of another kind is read. */
const LABELS: Readonly<Record<string, string>> = {
  'PRIVATE KEY': 'key',
  'RSA PRIVATE KEY': 'key',
  'EC PRIVATE KEY': 'key',
  'ENCRYPTED PRIVATE KEY': 'encrypted',
  'PUBLIC KEY': 'is a public key; send the private one',
  'RSA PUBLIC KEY': 'is a public key; send the private one',
  'OPENSSH PRIVATE KEY': 'is a key of OpenSSH; ssh-keygen -p -m PEM writes it as PEM, without a password',
  'DSA PRIVATE KEY': 'is a DSA key, which no client takes; take ECDSA or RSA',
};

/** Whether a text has a private key in it. */
export const hasKey = (text: string): boolean => /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/.test(text);

/** The private keys in a text. Throws `invalid_private_key` in words for whoever sent it, of which none is of the key. */
export function readKeys(text: string): [KeyObject, ...KeyObject[]] {
  const blocks = readBlocks(text, refused);
  const [first, ...others] = blocks.filter(({ label }) => LABELS[label] === 'key').map(toKey);
  if (first) return [first, ...others];
  const words = blocks.flatMap(({ label }) => LABELS[label] ?? []);
  if (words.includes('encrypted')) throw encrypted();
  throw refused(words[0] ?? notPem(text, blocks));
}

function notPem(text: string, blocks: readonly PemBlock[]): string {
  const [first] = blocks;
  if (first) return `has no private key in PEM, but ${first.label}`;
  return text.trim() === ''
    ? 'is empty'
    : 'is not PEM: it has to begin with -----BEGIN PRIVATE KEY-----, or RSA or EC before PRIVATE';
}

const FORMS = ['pkcs8', 'pkcs1', 'sec1'] as const;

function toKey({ der: key, isEncrypted }: PemBlock): KeyObject {
  if (isEncrypted) throw encrypted();
  for (const type of FORMS) {
    try {
      return createPrivateKey({ key, format: 'der', type });
    } catch {
      // It may be of another form; what was wrong may tell of the key.
    }
  }
  throw refused('cannot be read as PKCS#8, PKCS#1 or SEC1');
}

const encrypted = (): Fault =>
  refused(
    'is encrypted with a password; openssl pkey -in KEY writes it without one, which is stored sealed here',
  );

/** The fault of a private key, in words behind "the private key …". */
export const refused = (why: string): Fault =>
  new Fault('invalid_private_key', `the private key ${why}`, { pointer: '/private_key' });
