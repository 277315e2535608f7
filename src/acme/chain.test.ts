import assert from 'node:assert/strict';
import { it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { certificatesIn, parseChain } from './chain.ts';

const PEMS = rootCertificates.slice(0, 11);
const chainOf = (count: number, between = '\n') => PEMS.slice(0, count).join(between);
const bare = (pem: unknown) => String(pem).replace(/\s/g, '');

it('gives the certificates of a chain in order', () => {
  assert.deepEqual(parseChain(`${chainOf(3)}\n`).map(bare), PEMS.slice(0, 3).map(bare));
});

it('refuses words between the certificates, a key, more than ten, and none', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----';
  for (const pem of [chainOf(2, '\nhello\n'), chainOf(1) + key, chainOf(11), '', 'hello']) {
    assert.throws(() => parseChain(pem), { fault: 'ca_wrong_answer' });
  }
});

it('finds roots among comments, and none where one cannot be read', () => {
  assert.equal(certificatesIn(`# one\n${chainOf(2, '\n# two\n')}`).length, 2);
  assert.deepEqual(certificatesIn(`${chainOf(1)}\n${chainOf(1).replace('\nMI', '\n')}`), []);
});
