/** The certificates by which a key server and those who ask it know each other: of a CA of its own, which certifies nothing else. */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { Fault } from '../kit/fault.ts';
import { after, days, hours } from '../kit/time.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const [CA_LIFE, LEAF_LIFE] = [days(3_650), days(825)];

interface Pair {
  readonly certificate: X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

/** Makes the folder of a key server, with a CA, a certificate for its hosts, and a folder for the keys. Throws `configuration` where it is there. */
export async function initKeyServer(dir: string, hosts: readonly string[], now: Date): Promise<void> {
  if (existsSync(join(dir, 'ca.key')))
    throw new Fault('configuration', `${dir} is that of a key server already`);
  mkdirSync(join(dir, 'keys'), { recursive: true, mode: 0o700 });
  const ca = await make(now, { name: 'certpacks key server CA', isCa: true });
  await write(dir, 'ca', ca);
  const names = hosts.map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }));
  await write(dir, 'server', await make(now, { name: hosts[0] ?? 'key server', by: ca, names }));
}

/** Makes a client certificate with its key, in `dir/clients`. Its path, and that of the key. Throws `configuration`. */
export async function addKeyServerClient(
  dir: string,
  name: string,
  now: Date,
): Promise<{ readonly cert: string; readonly key: string }> {
  if (!/^[\w.-]{1,64}$/.test(name) || name.startsWith('.'))
    throw new Fault('configuration', 'a client’s name is of letters, digits, dots, hyphens and underscores');
  const place = join(dir, 'clients');
  mkdirSync(place, { recursive: true, mode: 0o700 });
  await write(place, name, await make(now, { name, by: await readCa(dir) }));
  return { cert: join(place, `${name}.pem`), key: join(place, `${name}.key`) };
}

async function readCa(dir: string): Promise<Pair> {
  try {
    const der = Buffer.from(
      readFileSync(join(dir, 'ca.key'), 'utf8').replaceAll(/-----[^-]+-----|\s/g, ''),
      'base64',
    );
    const key = await webcrypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
    return { certificate: new X509Certificate(readFileSync(join(dir, 'ca.pem'), 'utf8')), key };
  } catch (cause) {
    throw new Fault(
      'configuration',
      `${dir} has no CA that can be read: certpacks key-server init makes one`,
      { cause },
    );
  }
}

interface Wanted {
  readonly name: string;
  /** Undefined: it signs itself. */
  readonly by?: Pair;
  readonly isCa?: boolean;
  /** Of a server; none: it is a client’s. */
  readonly names?: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[];
}

async function make(now: Date, wanted: Wanted): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const subject = [{ CN: [wanted.name] }];
  const notBefore = after(now, -hours(1));
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `1${randomBytes(15).toString('hex')}`.slice(0, 30),
    subject,
    issuer: wanted.by?.certificate.subject ?? subject,
    publicKey: keys.publicKey,
    signingKey: wanted.by?.key ?? keys.privateKey,
    signingAlgorithm: ECDSA,
    notBefore,
    notAfter: after(notBefore, wanted.isCa ? CA_LIFE : LEAF_LIFE),
    extensions: extensionsOf(wanted),
  });
  return { certificate, key: keys.privateKey };
}

function extensionsOf({ isCa = false, names }: Wanted): Extension[] {
  if (isCa)
    return [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ];
  return [
    new BasicConstraintsExtension(false),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([names ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
    ...(names ? [new SubjectAlternativeNameExtension([...names])] : []),
  ];
}

async function write(dir: string, name: string, { certificate, key }: Pair): Promise<void> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const pem = `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
  // Never over one that is there: whoever has it may be asking with it.
  writeFileSync(join(dir, `${name}.key`), pem, { mode: 0o600, flag: 'wx' });
  writeFileSync(join(dir, `${name}.pem`), `${certificate.toString('pem')}\n`);
}
