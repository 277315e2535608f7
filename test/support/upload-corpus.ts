/** CAs, certificates and keys of which uploads are made as people send them. */
import { valuesOf } from '../../src/kit/der-values.ts';
import { after, days } from '../../src/kit/time.ts';
import type { BundleMethod } from '../../src/pack/pack.ts';
import { trustIn } from '../../src/upload/trust.ts';
import type { GivenUpload, UploadRules } from '../../src/upload/upload.ts';
import { make, makeCa } from './pki.ts';

export const now = new Date('2026-06-01T12:00:00Z');
export const ZONE = 'shop.test';
export const hosts = [ZONE, `www.${ZONE}`];

export const { root, intermediate: by } = await makeCa(now);
export const stranger = await makeCa(now);
const old = await make(now, { isCa: true, from: after(now, -days(2_000)) });
export const below = await make(now, { isCa: true, by });
/** The newer root, as the older one signed it: a longer way to a root that more clients have. */
export const crossed = await make(now, { isCa: true, by: old, as: root, subject: root.subject });
export const known = await make(now, { isCa: true, by: root });
const trust = trustIn([root.pem + old.pem + known.pem]);

export const ec = await make(now, { by, hosts });
export const rsa = await make(now, { by, hosts, kind: 'rsa2048' });
export const p384 = await make(now, { by, hosts, kind: 'p384' });
export const other = await make(now, { by, hosts });
export const deep = await make(now, { by: below, hosts });
export const ofKnown = await make(now, { by: known, hosts });
export const strange = await make(now, { by: stranger.intermediate, hosts });
export const self = await make(now, { hosts });
export const selfCa = await make(now, { hosts, isCa: true });
export const rooted = await make(now, { by: root, hosts });
export const twin = await make(now, { by, hosts, as: ec });
export const gone = await make(now, { isCa: true, by: root, from: after(now, -days(400)), days: 300 });
export const sha1Ca = await make(now, {
  isCa: true,
  by: await make(now, { isCa: true, as: root, subject: root.subject }),
  hash: 'SHA-1',
});
export const issued = (making: Parameters<typeof make>[1]) => make(now, { by, hosts, ...making });
export const crlf = (text: string) => text.replaceAll('\n', '\r\n');
export const bare = (text: string) => text.trimEnd();
export const oneLine = (text: string) => text.replaceAll('\n', ' ');
export const BAG =
  'Bag Attributes\n    localKeyID: 54 69 6D 65 20 31\n    friendlyName: shop\nsubject=CN = shop.test\n\nissuer=CN = CA\n\n';
export const EC_PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
export const REQUEST = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n';
/** A certificate in which the byte behind the first of these, in hexadecimal, is another. */
export function changed(pem: string, behind: string): string {
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
  der.writeUInt8(0x7f, der.indexOf(Buffer.from(behind, 'hex')) + behind.length / 2);
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
/** The same certificate with an outermost length that is indefinite: OpenSSL reads it. */
export function inBer(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
  const contents = valuesOf(der)[0]?.contents ?? der;
  const ber = Buffer.concat([Buffer.from([0x30, 0x80]), contents, Buffer.from([0, 0])]);
  return `-----BEGIN CERTIFICATE-----\n${ber.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
export const relabelled = (pem: string, from: string, to: string) => pem.replaceAll(from, to);
export const encrypted = String(
  ec.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }),
);
export const oldEncrypted = String(
  ec.key.export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' }),
);
export const many = Array.from({ length: 251 }, (_, i) => `h${i}.${ZONE}`);

/** What is sent: certificates, key, and by which method they are bundled. */
export type Sent = readonly [certificate: string, key: string | undefined, method?: BundleMethod];

export const given = ([certificate, privateKey, bundleMethod = 'ubiquitous']: Sent): GivenUpload => ({
  certificate,
  privateKey,
  bundleMethod,
});
export const rules: UploadRules = { zone: ZONE, trust, now };
