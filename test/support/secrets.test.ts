import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { it } from 'node:test';
import { needlesOf, secretsIn } from './secrets.ts';

it('the search finds a private key in any form in which one could be written down', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const needles = needlesOf('a key', pem);
  const forms: Readonly<Record<string, string | Buffer>> = {
    PEM: pem,
    'PEM in JSON': JSON.stringify({ pem }),
    DER: der,
    'bytea of PostgreSQL': `\\x${der.toString('hex')}`,
    JWK: JSON.stringify(privateKey.export({ format: 'jwk' })),
    'PEM in base64': JSON.stringify({ key: Buffer.from(pem).toString('base64') }),
    'PEM in hexadecimal': `\\x${Buffer.from(pem).toString('hex')}`,
    'base64 of a log': JSON.stringify({ key: Buffer.concat([Buffer.from('x'), der]).toString('base64') }),
  };
  for (const [form, text] of Object.entries(forms))
    assert.deepEqual(secretsIn(text, needles), ['d of a key'], form);
  assert.deepEqual(secretsIn(JSON.stringify(createPrivateKey(pem).asymmetricKeyDetails), needles), []);
});
