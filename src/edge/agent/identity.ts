/**
 * What an agent is known by: two keys that are made here and go nowhere, the certificate of one of them, and the edge that it is for.
 * Each of its files is written whole, so that a key and its certificate are never of two times.
 */
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../kit/fault.ts';
import { newKeyPair } from '../../kit/hpke.ts';
import { type Enrolled, SHAPES } from './protocol.ts';
import { codeOf, remove, writeWhole } from './whole-file.ts';

/** The keys, in PKCS#8 PEM. */
export interface AgentKeys {
  /** ECDSA P-256, of its certificate. */
  readonly certificateKey: string;
  /** X25519, to which the keys of packs are sealed. */
  readonly sealingKey: string;
}

export interface Identity extends AgentKeys {
  /** Where the service listens: `host:port`. */
  readonly address: string;
  readonly enrolled: Enrolled;
}

const Asked = Type.Object({
  address: Type.String({ maxLength: 300 }),
  certificateKey: Type.String({ maxLength: 4_096 }),
  sealingKey: Type.String({ maxLength: 4_096 }),
});
const Stored = Type.Object({ ...Asked.properties, enrolled: Type.Unknown() });
const SHAPE = { asked: Compile(Asked), stored: Compile(Stored) };

const FILES = { asked: 'enrolment.json', now: 'identity.json', next: 'identity.next.json' } as const;

/** Keys for an enrolment with `address`, on the disk before anybody is asked: those of an earlier try where there was one. */
export async function keysFor(dir: string, address: string): Promise<AgentKeys> {
  const before = await readJson(join(dir, FILES.asked));
  if (SHAPE.asked.Check(before) && before.address === address) return before;
  const keys = { certificateKey: await newCertificateKey(), sealingKey: pemOf(newKeyPair()) };
  await writeWhole(
    join(dir, FILES.asked),
    JSON.stringify({ address, ...keys } satisfies Static<typeof Asked>),
  );
  return keys;
}

/** The identity in a folder; undefined where none was given yet. Throws `configuration` where it cannot be read. */
export async function readIdentity(dir: string): Promise<Identity | undefined> {
  return readOne(dir, FILES.now);
}

/** One that was given and has not worked yet. */
export const readNext = (dir: string): Promise<Identity | undefined> => readOne(dir, FILES.next);

async function readOne(dir: string, name: string): Promise<Identity | undefined> {
  const path = join(dir, name);
  const stored = await readJson(path);
  if (stored === undefined) return undefined;
  if (SHAPE.stored.Check(stored)) {
    const { enrolled, ...rest } = stored;
    if (SHAPES.enrolled.Check(enrolled)) return { ...rest, enrolled };
  }
  throw new Fault(
    'configuration',
    `${path} is damaged: restore it, or enrol this machine anew in an empty folder`,
  );
}

/** Keeps the first identity; the enrolment is over with it. */
export async function keepIdentity(dir: string, identity: Identity): Promise<void> {
  await writeWhole(join(dir, FILES.now), JSON.stringify(identity));
  await remove(join(dir, FILES.asked));
}

/** Keeps one beside that which works. */
export const keepNext = (dir: string, identity: Identity): Promise<void> =>
  writeWhole(join(dir, FILES.next), JSON.stringify(identity));

/** The next one worked, and takes the place. */
export async function takeNext(dir: string, identity: Identity): Promise<void> {
  await writeWhole(join(dir, FILES.now), JSON.stringify(identity));
  await dropNext(dir);
}

/** The next one did not work. */
export const dropNext = (dir: string): Promise<void> => remove(join(dir, FILES.next));

/** A new key of a certificate, in PKCS#8 PEM. */
export async function newCertificateKey(): Promise<string> {
  const pair = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  return pemOf(KeyObject.from(pair.privateKey));
}

/** A request for a certificate of a key (PKCS#10 in PEM). */
export async function csrOf(certificateKey: string): Promise<string> {
  const key = createPrivateKey(certificateKey);
  const der = (form: 'pkcs8' | 'spki') =>
    form === 'pkcs8'
      ? key.export({ format: 'der', type: 'pkcs8' })
      : createPublicKey(key).export({ format: 'der', type: 'spki' });
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', der('pkcs8'), ECDSA, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', der('spki'), ECDSA, true, ['verify']),
  };
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=certpacks agent',
    keys,
    signingAlgorithm: ECDSA,
  });
  return request.toString('pem');
}

/** Throws `ca_wrong_answer` where a certificate is not that of the key. */
export function checkCertificate(certificate: string, certificateKey: string): void {
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(certificateKey))) return;
  } catch (cause) {
    throw new Fault('ca_wrong_answer', 'the service answered with a certificate that cannot be read', {
      cause,
    });
  }
  throw new Fault('ca_wrong_answer', 'the service answered with a certificate of another key');
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Fault('configuration', `${path} cannot be read (${codeOf(error) || 'it is no JSON'})`, {
      cause: error,
    });
  }
}
