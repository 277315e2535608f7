import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { certificatesIn, parseChain, readDelivered } from './chain.ts';

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

it('reads what a server delivered in any form, each certificate once, and leaves out what is none', () => {
  const read = (text: string) => readDelivered(Buffer.from(text)).map((one) => bare(one));
  const [first = '', second = ''] = PEMS;
  const two = [first, second].map(bare);
  const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
  const garbled = '-----BEGIN CERTIFICATE-----\nMIIAAAA\n-----END CERTIFICATE-----\n';
  const forms = {
    'words and a key between': `Bag Attributes\n  x: 1\n${first}\n${key}issuer=/CN=x\n${second}`,
    'lines that end in CR LF': `${first}\n${second}\n`.replaceAll('\n', '\r\n'),
    'no line break at the end': `${first}\n${second}`.trim(),
    'no line break between': `${first.trim()}${second.trim()}`,
    'one twice': `${first}\n${first}\n${second}`,
    'one that cannot be read': `${first}\n${garbled}${second}`,
    'base64 in one line': [first, second]
      .map((pem) => pem.replace(/(?<=[A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/=])/g, ''))
      .join('\n'),
    'the older label': `${first}\n${second}`.replaceAll(' CERTIFICATE', ' X509 CERTIFICATE'),
  };
  for (const [what, text] of Object.entries(forms)) assert.deepEqual(read(text), two, what);
  assert.deepEqual(readDelivered(new X509Certificate(first).raw).map(bare), [bare(first)], 'DER');
  for (const text of ['', 'hello', garbled, key]) assert.deepEqual(read(text), []);
});

it('finds roots among comments, and none where one cannot be read', () => {
  assert.equal(certificatesIn(`# one\n${chainOf(2, '\n# two\n')}`).length, 2);
  assert.deepEqual(certificatesIn(`${chainOf(1)}\n${chainOf(1).replace('\nMI', '\n')}`), []);
});
