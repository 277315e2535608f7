import 'reflect-metadata';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { it } from 'node:test';
import { type JsonGeneralName, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { makeLookalike } from '../simulator/ca/lookalike.ts';
import { makeAuthority } from '../simulator/ca/make-authority.ts';
import { type LeafRequest, openSigning } from '../simulator/ca/signing.ts';
import { CA_TERMS } from '../simulator/ca/terms.ts';
import { createCsr } from './csr.ts';
import { checkLeaf, parseLeaf } from './leaf.ts';

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const names = ['a.example', '*.a.example'];
const csr = await createCsr(key, names);
const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);

const organization = "Small & Sons' CA";
const authority = await makeAuthority({ ...CA_TERMS.lets_encrypt, organization });
const { issue } = await openSigning(authority);

/** A certificate for the request that is valid for 90 days from now, as the simulator signs it. */
async function signed(oddities: LeafRequest['oddities'] = {}) {
  const notBefore = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  const notAfter = new Date(notBefore.getTime() + 90 * DAY);
  const { chain } = await issue({ csr, names, notBefore, notAfter, oddities });
  const [leaf = '', issuer = ''] = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
  return { chain, leaf, issuer };
}

it('takes the certificate that was ordered, and tells what it says', async () => {
  const { chain } = await signed({ serial: '0102ab' });
  const { fingerprint, notBefore, notAfter, ...leaf } = checkLeaf(
    chain,
    { key, names: names.toReversed() },
    inDays(1),
  );
  assert.deepEqual(leaf, {
    algorithm: 'ecdsa',
    hosts: names,
    issuer: 'SmallSonsCA',
    signature: 'ECDSAWithSHA256',
    serial: '0102ab',
  });
  assert.match(fingerprint, /^[0-9a-f]{64}$/);
  assert.equal(notAfter.getTime() - notBefore.getTime(), 90 * DAY);
  assert.deepEqual(parseLeaf(chain), { ...leaf, fingerprint, notBefore, notAfter });
});

it('names the issuer by its common name where it has no organisation, and RSA as RSA', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const pem = await makeLookalike(authority.rsaIntermediate.pem, 'Some Root 1');
  const other = await openSigning({ ...authority, rsaIntermediate: { ...authority.rsaIntermediate, pem } });
  const request = { csr: await createCsr(rsa, names), names, notBefore: inDays(0), notAfter: inDays(90) };
  const leaf = parseLeaf((await other.issue(request)).chain);
  assert.equal(leaf.issuer, 'SomeRoot1');
  assert.equal(leaf.algorithm, 'rsa');
});

const refuse = (pem: string, ask: Parameters<typeof checkLeaf>[1], now: Date, message: RegExp) =>
  assert.throws(() => checkLeaf(pem, ask, now), { fault: 'ca_wrong_answer', message });

it('refuses another key, other names, a CA, a certificate too old or too new', async () => {
  const { chain } = await signed();
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  refuse(chain, { key: other, names }, inDays(1), /another public key/);
  refuse(
    chain,
    { key, names: ['a.example'] },
    inDays(1),
    /is for a.example, \*.a.example instead of a.example/,
  );
  refuse(chain, { key, names: [...names, 'b.example'] }, inDays(1), /instead of/);
  refuse(chain, { key, names }, inDays(-1), /only from/);
  refuse(chain, { key, names }, inDays(91), /only until/);
  const asCa = await signed({ isCa: true });
  refuse(asCa.chain, { key, names }, inDays(1), /is one of a CA/);
});

it('refuses a chain whose links do not sign each other, also under the same name', async () => {
  const { leaf, issuer } = await signed();
  const [namesake, stranger] = [await makeLookalike(issuer), await makeLookalike(issuer, 'x')];
  for (const chain of [leaf + namesake, `${leaf}${issuer}${namesake}\n${stranger}`]) {
    assert.throws(() => checkLeaf(chain, { key, names }, inDays(1)), { message: /not signed by the next/ });
  }
  checkLeaf(leaf + issuer + authority.root.pem, { key, names }, inDays(1));
});

const altNames = (...list: JsonGeneralName[]) => Buffer.from(new SubjectAlternativeNameExtension(list).value);
const dns = (value: string): JsonGeneralName => ({ type: 'dns', value });

// biome-ignore format: a table is read by column
const WRONG_NAMES: Readonly<Record<string, readonly [subjectAltName: Buffer, message: RegExp]>> = {
  'names in one text, which print like two': [altNames(dns('a.example, DNS:*.a.example')),                               /no host name/],
  'an address beside the names':             [altNames(...names.map(dns), { type: 'ip', value: '192.0.2.1' }),          /no host name/],
  'a mail address':                          [altNames({ type: 'email', value: 'a@a.example' }),                        /no host name/],
  'no names at all':                         [Buffer.alloc(0),                                                          /is for no host/],
  'names that are no DER':                   [Buffer.from('30ff', 'hex'),                                               /cannot be read/],
};

for (const [what, [subjectAltName, message]] of Object.entries(WRONG_NAMES)) {
  it(`refuses ${what}`, async () => {
    const { chain } = await signed({ subjectAltName });
    refuse(chain, { key, names }, inDays(1), message);
  });
}
