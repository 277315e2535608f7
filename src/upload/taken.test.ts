/** Uploads as people send them, that are taken. */
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { make, pemOf } from '../../test/support/pki.ts';
import {
  BAG,
  bare,
  below,
  by,
  crlf,
  crossed,
  deep,
  EC_PARAMETERS,
  ec,
  given,
  hosts,
  issued,
  known,
  now,
  ofKnown,
  oneLine,
  other,
  p384,
  relabelled,
  root,
  rooted,
  rsa,
  rules,
  type Sent,
  self,
  selfCa,
  strange,
  stranger,
  ZONE,
} from '../../test/support/upload-corpus.ts';
import { after, days } from '../kit/time.ts';
import { readUpload } from './upload.ts';

/** Good ones, with the subjects that are served behind the leaf. */
const GOOD: Readonly<
  Record<
    string,
    { readonly sent: Sent; readonly behind?: readonly string[]; readonly names?: readonly string[] }
  >
> = {
  'ECDSA P-256, PKCS#8': { sent: [ec.pem + by.pem, pemOf(ec)] },
  'ECDSA P-256, SEC1': { sent: [ec.pem + by.pem, pemOf(ec, 'sec1')] },
  'SEC1 with its parameters before it': { sent: [ec.pem + by.pem, EC_PARAMETERS + pemOf(ec, 'sec1')] },
  'ECDSA P-384': { sent: [p384.pem + by.pem, pemOf(p384, 'sec1')] },
  'RSA 2048, PKCS#8': { sent: [rsa.pem + by.pem, pemOf(rsa)] },
  'RSA 2048, PKCS#1': { sent: [rsa.pem + by.pem, pemOf(rsa, 'pkcs1')] },
  'PKCS#1 under the label of PKCS#8': {
    sent: [rsa.pem + by.pem, relabelled(pemOf(rsa, 'pkcs1'), 'RSA PRIVATE', 'PRIVATE')],
  },
  'PKCS#8 under the label of PKCS#1': {
    sent: [rsa.pem + by.pem, relabelled(pemOf(rsa), 'PRIVATE KEY', 'RSA PRIVATE KEY')],
  },
  'line ends of Windows': { sent: [crlf(ec.pem + by.pem), crlf(pemOf(ec))] },
  'no line end at the end': { sent: [bare(ec.pem + by.pem), bare(pemOf(ec))] },
  'certificates put together without a line end between': { sent: [bare(ec.pem) + bare(by.pem), pemOf(ec)] },
  'line ends escaped once too often': {
    sent: [JSON.stringify(ec.pem + by.pem).slice(1, -1), JSON.stringify(pemOf(ec)).slice(1, -1)],
  },
  'all in one line': { sent: [oneLine(ec.pem + by.pem), oneLine(pemOf(ec))] },
  'indented as in YAML': {
    sent: [(ec.pem + by.pem).replaceAll(/^/gm, '    '), pemOf(ec).replaceAll(/^/gm, '    ')],
  },
  'a byte order mark before it': { sent: [`\uFEFF${ec.pem}${by.pem}`, `\uFEFF${pemOf(ec)}`] },
  'bag attributes of PKCS#12': { sent: [BAG + ec.pem + BAG + by.pem, BAG + pemOf(ec)] },
  'comments between': {
    sent: [`# mine\n${ec.pem}# the CA's: intermediate\n${by.pem}`, `key:\n${pemOf(ec)}`],
  },
  'the text of openssl x509 -text before it': {
    sent: [`Certificate:\n    Data:\n        Version: 3 (0x2)\n${ec.pem}${by.pem}`, pemOf(ec)],
  },
  'the old label X509 CERTIFICATE': { sent: [relabelled(ec.pem + by.pem, ' CERT', ' X509 CERT'), pemOf(ec)] },
  'the label TRUSTED CERTIFICATE': {
    sent: [relabelled(ec.pem, ' CERT', ' TRUSTED CERT') + by.pem, pemOf(ec)],
  },
  'the leaf behind its intermediate': { sent: [by.pem + ec.pem, pemOf(ec)] },
  'the root with it, which is not served': { sent: [ec.pem + by.pem + root.pem, pemOf(ec)] },
  'the chain from the root down': { sent: [root.pem + by.pem + ec.pem, pemOf(ec)] },
  'each certificate twice': { sent: [ec.pem + by.pem + ec.pem + by.pem, pemOf(ec)] },
  'a leaf of somebody else with it': { sent: [other.pem + ec.pem + by.pem, pemOf(ec)] },
  'leaf and key in one text': { sent: [ec.pem + by.pem + pemOf(ec), undefined] },
  'key and leaf in one text, and the key again': { sent: [pemOf(ec) + ec.pem + by.pem, pemOf(ec)] },
  'the chain behind the key': { sent: [ec.pem + by.pem, pemOf(ec) + ec.pem] },
  'two keys, of which one is its': { sent: [ec.pem + by.pem, pemOf(other) + pemOf(ec)] },
  'two intermediates in the wrong order': {
    sent: [deep.pem + by.pem + below.pem, pemOf(deep)],
    behind: [below.subject, by.subject],
  },
  'intermediates of other CAs with it': { sent: [ec.pem + stranger.intermediate.pem + by.pem, pemOf(ec)] },
  'no intermediate, but one that the service knows': {
    sent: [ofKnown.pem, pemOf(ofKnown)],
    behind: [known.subject],
  },
  'the longer chain, for the most clients': {
    sent: [ec.pem + by.pem + crossed.pem, pemOf(ec), 'ubiquitous'],
    behind: [by.subject, root.subject],
  },
  'the shorter chain, where that is asked for': {
    sent: [ec.pem + by.pem + crossed.pem, pemOf(ec), 'optimal'],
    behind: [by.subject],
  },
  'a chain of a private CA, forced': {
    sent: [strange.pem + stranger.intermediate.pem, pemOf(strange), 'force'],
    behind: [stranger.intermediate.subject],
  },
  'a leaf of a private CA alone, forced': { sent: [strange.pem, pemOf(strange), 'force'], behind: [] },
  'a chain from the root down, forced': {
    sent: [root.pem + by.pem + ec.pem, pemOf(ec), 'force'],
    behind: [root.subject, by.subject],
  },
  'a self-signed one, forced': { sent: [self.pem, pemOf(self), 'force'], behind: [] },
  'a self-signed one that says it is a CA’s, forced': {
    sent: [selfCa.pem, pemOf(selfCa), 'force'],
    behind: [],
  },
  'hosts of other zones with those of this one': await sentOf(
    { hosts: ['other.test', `a.${ZONE}`] },
    { names: [`a.${ZONE}`] },
  ),
  'addresses and mail addresses among its names': await sentOf({
    otherNames: [
      { type: 'ip', value: '192.0.2.1' },
      { type: 'email', value: 'a@shop.test' },
    ],
  }),
  'a wildcard': await sentOf({ hosts: [`*.${ZONE}`] }, { names: [`*.${ZONE}`] }),
  'names in upper case': await sentOf({ hosts: ['WWW.Shop.TEST'] }, { names: [`www.${ZONE}`] }),
  'an issuer that is known by its root alone': { sent: [rooted.pem, pemOf(rooted)], behind: [] },
  'no extended key usage for servers alone, but for any': await sentOf({ uses: ['2.5.29.37.0'] }),
  'exactly 14 days left': await sentOf({ from: after(now, -days(1)), days: 15 }),
};

async function sentOf(making: Parameters<typeof make>[1], more: { readonly names?: readonly string[] } = {}) {
  const made = await issued(making);
  return { sent: [made.pem + by.pem, pemOf(made)] as const, ...more };
}

describe('is taken', () => {
  for (const [name, { sent, behind = [by.subject], names = hosts }] of Object.entries(GOOD))
    it(name, () => {
      const upload = readUpload(given(sent), rules);
      const [leaf, ...chain] = (
        upload.chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
      ).map((pem) => new X509Certificate(pem));
      assert.deepEqual(upload.names, names);
      assert.deepEqual(
        chain.map(({ subject }) => subject),
        [...behind],
      );
      assert.equal(leaf?.fingerprint256.replaceAll(':', '').toLowerCase(), upload.leaf.fingerprint);
      assert(leaf?.checkPrivateKey(createPrivateKey(upload.key ?? assert.fail())));
      assert.match(upload.sent, /^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n/);
    });
});
