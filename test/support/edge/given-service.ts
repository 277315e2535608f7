/** For tests of this room: packs with certificates of two CAs of their own, made when first asked for. */
import 'reflect-metadata';
import { createHash, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { PullSource, ServedKeyPair, ServedPack } from '../../../src/edge/edge.ts';
import { type Pull, startPull } from '../../../src/edge/pull/pull.ts';
import { type Log, newLog } from '../../../src/kit/log.ts';
import { days } from '../../../src/kit/time.ts';
import { ALGORITHMS, type Algorithm } from '../../../src/pack/pack.ts';

const KEY_OF = {
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
} as const;

interface Issuer {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;
  /** Key of every leaf: RSA keys take long to make. */
  readonly leafKeys: webcrypto.CryptoKeyPair;
}

const issuers = new Map<Algorithm, Promise<Issuer>>();

const newKeys = (algorithm: Algorithm) =>
  webcrypto.subtle.generateKey(KEY_OF[algorithm], true, ['sign', 'verify']);

/** The CA that signs leaves of `algorithm`, with a key of the same algorithm. */
function issuerOf(algorithm: Algorithm): Promise<Issuer> {
  const made = issuers.get(algorithm) ?? newIssuer(algorithm);
  issuers.set(algorithm, made);
  return made;
}

async function newIssuer(algorithm: Algorithm): Promise<Issuer> {
  x509.cryptoProvider.set(webcrypto);
  const [keys, leafKeys] = await Promise.all([newKeys(algorithm), newKeys(algorithm)]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=CA of ${algorithm}`,
    keys,
    signingAlgorithm: KEY_OF[algorithm],
    ...validity(),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return { keys, certificate, leafKeys };
}

const validity = () => ({ notBefore: new Date(), notAfter: new Date(Date.now() + days(90) * 1_000) });

/** A chain and key for `hosts`; `signer` is the CA of another algorithm where the chain is to be mixed. */
async function givenKeyPair(
  hosts: readonly string[],
  algorithm: Algorithm,
  signer: Algorithm = algorithm,
): Promise<ServedKeyPair> {
  const { leafKeys } = await issuerOf(algorithm);
  const issuer = await issuerOf(signer);
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(8).toString('hex'),
    subject: `CN=${hosts[0]}`,
    issuer: issuer.certificate.subject,
    publicKey: leafKeys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: KEY_OF[signer],
    ...validity(),
    extensions: [new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns', value })))],
  });
  const chain = `${leaf.toString('pem')}\n${issuer.certificate.toString('pem')}\n`;
  const key = KeyObject.from(leafKeys.privateKey).export({ format: 'pem', type: 'pkcs8' }).toString();
  return { chain, key };
}

/** A pack with fresh leaves for `hosts`; `mixed` has each leaf signed by the other algorithm's CA. */
export async function givenPack(hosts: readonly string[], kind?: 'mixed'): Promise<ServedPack> {
  const [ecdsa, rsa] = await Promise.all(
    ALGORITHMS.map((algorithm) => {
      const other = algorithm === 'ecdsa' ? 'rsa' : 'ecdsa';
      return givenKeyPair(hosts, algorithm, kind === 'mixed' ? other : algorithm);
    }),
  );
  if (!ecdsa || !rsa) throw new Error('one for each algorithm');
  return { packId: randomBytes(4).toString('hex'), hosts, certificates: { ecdsa, rsa } };
}

/** Lower-case hexadecimal SHA-256 of the leaf that `pack` has for `algorithm`. */
export function fingerprintIn({ certificates }: ServedPack, algorithm: Algorithm): string {
  const [leaf = ''] = certificates[algorithm]?.chain.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/) ?? [];
  const der = Buffer.from(leaf.replace(/-----.*?-----/g, ''), 'base64');
  return createHash('sha256').update(der).digest('hex');
}

/** A folder of this user alone; the test removes it. */
export function givenFolder(t: { after(end: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'cp-edge-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A log that keeps quiet. */
export const quiet = (): Log => newLog('silent');

/** A running pull listener over `packs`, which map a name (or `NAME by address`) to its pack, and how often it was asked. */
export interface GivenService {
  readonly path: string;
  readonly pull: Pull;
  readonly packs: Map<string, ServedPack>;
  /** Files that show control, by URL. */
  readonly files: Map<string, string>;
  readonly asked: string[];
}

/** Starts a pull listener that serves what is put into `packs`. The test closes it. */
export async function givenService(
  t: { after(end: () => void | Promise<void>): void },
  path = join(givenFolder(t), 'pull.sock'),
  packs = new Map<string, ServedPack>(),
): Promise<GivenService> {
  const asked: string[] = [];
  const files = new Map<string, string>();
  const source: PullSource = {
    fileFor: async (name, at) => {
      const body = files.get(`http://${name}${at}`);
      return body === undefined ? undefined : { body };
    },
    packFor: async (name, _environment, by) => {
      asked.push(name);
      if (by === 'address') return packs.get(`${name} by address`);
      return packs.get(name) ?? packs.get(`*.${name.slice(name.indexOf('.') + 1)}`);
    },
  };
  const pull = await startPull({ path, source, log: quiet(), heartbeat: 0.2 });
  t.after(() => pull.close());
  return { path, pull, packs, files, asked };
}

/** Resolves once `holds`; fails after 5 s. */
export async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 5_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within 5 s: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
