/** Packs of one name and one ECDSA certificate each: with one key, as tens of thousands of keys take hours. */
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { ServedPack } from '../../src/edge/edge.ts';
import { leafOf } from '../../src/edge/leaf.ts';
import { newUuid } from '../../src/kit/id.ts';
import { days } from '../../src/kit/time.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const newKeys = () => webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
const DOMAIN = 'edges.test';

/** The n-th name. */
export const nameOf = (n: number): string => `n${n}.${DOMAIN}`;

/** Makes versions of packs. */
export interface PackMaker {
  /** A version of the pack of a name that has none of before; `packId` where it has one already. */
  make(name: string, packId?: string): Promise<ServedPack>;
}

/** A CA, and the key of all leaves. */
export async function packMaker(): Promise<PackMaker> {
  x509.cryptoProvider.set(webcrypto);
  const [ca, leaf] = await Promise.all([newKeys(), newKeys()]);
  const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + days(90) * 1_000) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=CA of a benchmark',
    keys: ca,
    signingAlgorithm: ECDSA,
    ...validity,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const rootPem = root.toString('pem');
  const key = KeyObject.from(leaf.privateKey).export({ format: 'pem', type: 'pkcs8' }).toString();
  let serial = 0x10_00_00_00;
  const make = async (name: string, packId = newUuid()): Promise<ServedPack> => {
    serial += 1;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial.toString(16),
      subject: `CN=${name}`,
      issuer: root.subject,
      publicKey: leaf.publicKey,
      signingKey: ca.privateKey,
      signingAlgorithm: ECDSA,
      ...validity,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
    });
    return {
      packId,
      hosts: [name],
      certificates: { ecdsa: { chain: `${certificate.toString('pem')}\n${rootPem}\n`, key } },
    };
  };
  return { make };
}

/** Lower-case hexadecimal SHA-256 of a pack's leaf. */
export const leafIn = ({ certificates }: ServedPack): string => leafOf(certificates.ecdsa?.chain ?? '');
