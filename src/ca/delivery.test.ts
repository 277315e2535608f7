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
import { type DeliveryAsk, examine } from './delivery.ts';
import { parseLeaf } from './leaf.ts';

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
  const taken = good(chain, { key, names: names.toReversed() });
  const { fingerprint, notBefore, notAfter, ...leaf } = taken.leaf;
  assert.deepEqual(leaf, {
    algorithm: 'ecdsa',
    hosts: names,
    issuer: 'SmallSonsCA',
    signature: 'ECDSAWithSHA256',
    serial: '0102ab',
  });
  assert.match(fingerprint, /^[0-9a-f]{64}$/);
  assert.equal(notAfter.getTime() - notBefore.getTime(), 90 * DAY);
  assert.deepEqual(parseLeaf(taken.chain), { ...leaf, fingerprint, notBefore, notAfter });
});

/** What is taken of a delivery, which is good. */
function good(pem: string, ask: DeliveryAsk = { key, names }, now = inDays(1)) {
  const delivery = examine(pem, ask, now);
  assert.ok(delivery.kind === 'good', JSON.stringify(delivery));
  return delivery;
}

it('names the issuer by its common name where it has no organisation, and RSA as RSA', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const pem = await makeLookalike(authority.rsaIntermediate.pem, 'Some Root 1');
  const other = await openSigning({ ...authority, rsaIntermediate: { ...authority.rsaIntermediate, pem } });
  const request = { csr: await createCsr(rsa, names), names, notBefore: inDays(0), notAfter: inDays(90) };
  const leaf = parseLeaf((await other.issue(request)).chain);
  assert.equal(leaf.issuer, 'SomeRoot1');
  assert.equal(leaf.algorithm, 'rsa');
});

/** What is wrong with a delivery, and whether it is with the certificate itself. */
function refuse(pem: string, ask: DeliveryAsk, now: Date, words: RegExp): boolean {
  const delivery = examine(pem, ask, now);
  assert.ok(delivery.kind === 'fault', delivery.kind);
  assert.match(delivery.why, words);
  return delivery.isOurs;
}

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

it('waits for a certificate that begins up to five minutes ahead of our clock', async () => {
  const { chain } = await signed();
  const from = parseLeaf(chain).notBefore;
  const before = (seconds: number) => new Date(from.getTime() - seconds * 1_000);
  assert.deepEqual(examine(chain, { key, names }, before(1)), { kind: 'early', from });
  assert.deepEqual(examine(chain, { key, names }, before(299)), { kind: 'early', from });
  assert.equal(refuse(chain, { key, names }, before(301), /only from/), true);
  good(chain, { key, names }, from);
});

it('takes a chain in any order, and what belongs to it alone, also beside others under the same names', async () => {
  const { leaf, issuer, chain } = await signed();
  const { leaf: older } = await signed({ hasOtherKey: true });
  const [namesake, stranger] = [await makeLookalike(issuer), await makeLookalike(issuer, 'x')];
  const { root } = authority;
  const whole = (chain + root.pem).replace(/\s/g, '');
  const orders = [
    leaf + issuer + root.pem,
    leaf + root.pem + issuer,
    root.pem + issuer + leaf,
    issuer + leaf + root.pem,
    `${older}\n${leaf}${stranger}\n${issuer}${leaf}${namesake}\n${root.pem}`,
    `${namesake}\n${stranger}\n${issuer}${root.pem}${leaf}`,
  ];
  for (const pem of orders)
    assert.equal(good(pem, { key, names, isPublic: true }).chain.replace(/\s/g, ''), whole);
});

it('misses the issuer of a public CA, where none of what came signed the leaf', async () => {
  const { leaf, issuer } = await signed();
  const namesake = await makeLookalike(issuer);
  for (const pem of [leaf, leaf + authority.root.pem, leaf + namesake]) {
    assert.equal(refuse(pem, { key, names, isPublic: true }, inDays(1), /without the .* issuer/), false);
    assert.equal(good(pem).chain.trim(), leaf.trim());
  }
});

it('tells what cannot be read, and what is for another key, apart from what was issued for ours', async () => {
  const { chain } = await signed();
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  assert.equal(refuse(chain, { key: other, names }, inDays(1), /another public key/), false);
  assert.equal(refuse('<html>', { key, names }, inDays(1), /cannot be read/), false);
  assert.equal(refuse(chain, { key, names: ['a.example'] }, inDays(1), /instead of/), true);
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
