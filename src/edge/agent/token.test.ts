import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../kit/fault.ts';
import { parseEdgeToken, printEdgeToken } from './token.ts';

const TOKEN = {
  address: 'edges.example.com:8443',
  caFingerprint: 'ab'.repeat(32),
  secret: 's'.repeat(43),
};

test('a token is read as it was printed, with whatever space a terminal put around it', () => {
  for (const address of ['edges.example.com:8443', '192.0.2.1:1', '[2001:db8::1]:65535']) {
    const token = { ...TOKEN, address };
    assert.deepEqual(parseEdgeToken(` ${printEdgeToken(token)}\n`), token);
  }
});

test('a token that is cut short, joined or made by hand is refused, and its secret is not repeated', () => {
  const whole = printEdgeToken(TOKEN);
  const made = (change: object) => printEdgeToken({ ...TOKEN, ...change });
  const wrong = [
    '',
    'cpe_',
    whole.slice(0, -9),
    whole.slice(1),
    `${whole} ${whole}`,
    `cpe_${Buffer.from('7').toString('base64url')}`,
    made({ address: 'edges.example.com' }),
    made({ address: 'edges.example.com:0' }),
    made({ address: 'a b:1' }),
    made({ caFingerprint: 'AB'.repeat(32) }),
    made({ secret: 'short' }),
    `cpe_${'A'.repeat(2_000)}`,
  ];
  for (const text of wrong)
    assert.throws(
      () => parseEdgeToken(text),
      (error) =>
        error instanceof Fault && error.fault === 'configuration' && !error.message.includes(TOKEN.secret),
    );
});
