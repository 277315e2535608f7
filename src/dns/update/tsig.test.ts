import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { needs } from '../../../test/support/peers.ts';
import { Fault } from '../../kit/fault.ts';
import { lastRecord } from '../message/raw-records.ts';
import { keysIn } from './key-text.ts';
import { openAnswer, signMessage, toTsigKey } from './tsig.ts';
import { updateMessage } from './update-message.ts';

const SECRET = Buffer.alloc(32, 7).toString('base64');
const KEY = toTsigKey({ name: 'Packs.Key.', algorithm: 'HMAC-SHA256', secret: SECRET });
const NOW = new Date('2026-03-01T00:00:00Z');
const MESSAGE = updateMessage(1, 'a.test', {
  kind: 'remove',
  records: [{ txtName: 'x.a.test', txtValue: 'v' }],
});

test('a signature is the last record, over message and variables in canonical form', () => {
  const { bytes, mac } = signMessage(MESSAGE, KEY, NOW);
  const record = lastRecord(bytes);
  assert.equal(record?.name, 'packs.key');
  assert.equal(record.type, 250);
  assert.equal(bytes.readUInt16BE(10), 1);
  const time = Math.floor(NOW.getTime() / 1_000)
    .toString(16)
    .padStart(12, '0');
  const variables = `057061636b73036b657900 00ff 00000000 0b686d61632d73686132353600 ${time} 012c 0000 0000`;
  const expected = createHmac('sha256', Buffer.alloc(32, 7))
    .update(MESSAGE)
    .update(Buffer.from(variables.replaceAll(' ', ''), 'hex'))
    .digest();
  assert.deepEqual(mac, expected);
});

/** The MAC by a key: keys with the same name, algorithm and secret make the same. */
const macBy = (key: ReturnType<typeof toTsigKey>): string =>
  signMessage(MESSAGE, key, NOW).mac.toString('hex');

const LINES = SECRET.replace(/(.{13})/g, '$1\n  ');
/** How a secret is pasted. */
const TEXTS: readonly string[] = [
  `${SECRET}\n`,
  ` "${SECRET}" `,
  LINES,
  LINES.replaceAll('\n', '\r\n'),
  LINES.replaceAll('\n', '\t'),
  `\ufeff${SECRET}`,
  `key "packs.key" {\n\talgorithm hmac-sha256;\n\tsecret "${SECRET}";\n};\n`,
  `key "packs.key." { algorithm "HMAC-SHA256"; secret "${LINES}"; };`,
  `key packs.key{secret ${SECRET};algorithm hmac-sha256;};`,
  `// of ns1; key "x" { secret "y"; };\n/* key "x" {\n */ key "packs.key" { secret "${SECRET}"; # mine\n algorithm hmac-sha256; }`,
  `key "other" { algorithm hmac-sha1; secret "AAAA"; };\nkey "Packs.Key" { algorithm hmac-sha256; secret "${SECRET}"; };`,
  `# hmac-sha256:packs.key:${SECRET}\nkey:\n  - id: packs.key\n    algorithm: hmac-sha256\n    secret: ${SECRET}\n`,
  `key:\n  - id: other\n    algorithm: hmac-sha1\n    secret: AAAA\n  - id: packs.key.\n    secret: "${SECRET}"\n`,
  `hmac-sha256:packs.key:${SECRET}\n`,
  `packs.key:${SECRET}`,
];
for (const text of TEXTS) {
  test(`a secret may be pasted as ${JSON.stringify(text).replaceAll(SECRET, '…').slice(0, 100)}`, () => {
    assert.equal(macBy(toTsigKey({ name: 'packs.key', secret: text })), macBy(KEY));
  });
}

for (const algorithm of ['hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512']) {
  test(
    `all that tsig-keygen prints of a key of ${algorithm} is taken`,
    needs('/usr/sbin/tsig-keygen', 'bind9'),
    () => {
      const text = execFileSync('/usr/sbin/tsig-keygen', ['-a', algorithm, 'a.key'], { encoding: 'utf8' });
      const secret = /secret "(.*)"/.exec(text)?.[1] ?? '';
      const key = toTsigKey({ secret: text });
      assert.equal(macBy(key), macBy(toTsigKey({ name: 'a.key', algorithm, secret })));
      assert.equal(key.algorithm, algorithm);
    },
  );

  test(`all that keymgr prints of a key of ${algorithm} is taken`, needs('/usr/sbin/keymgr', 'knot'), () => {
    const text = execFileSync('/usr/sbin/keymgr', ['-t', 'a.key', algorithm], { encoding: 'utf8' });
    const secret = /secret: (.*)/.exec(text)?.[1] ?? '';
    assert.equal(macBy(toTsigKey({ secret: text })), macBy(toTsigKey({ name: 'a.key', algorithm, secret })));
  });
}

test('all that ddns-confgen prints is taken', needs('/usr/sbin/ddns-confgen', 'bind9'), () => {
  const text = execFileSync('/usr/sbin/ddns-confgen', [], { encoding: 'utf8' });
  assert.equal(toTsigKey({ secret: text }).name, 'ddns-key');
});

test('no text makes reading a key throw', () => {
  const part = fc.constantFrom(
    'key',
    ' "',
    '{',
    '}',
    ';',
    'secret',
    'algorithm',
    ':',
    '- id:',
    '#',
    '/*',
    SECRET,
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 5 })), { maxLength: 20 }), (parts) => {
      for (const { secret } of keysIn(parts.join(' '))) assert.ok(!/\s/.test(secret));
    }),
  );
});

test('a request is no answer to itself', () => {
  const request = signMessage(MESSAGE, KEY, NOW);
  const opened = openAnswer(request.bytes, KEY, request, NOW);
  assert.equal(opened.kind === 'refused' && opened.why, 'answers with a TSIG signature that is wrong');
});

test('a secret is in no error and in no print of a key', () => {
  for (const shown of [inspect(KEY, { depth: 9, showHidden: true }), JSON.stringify(KEY)])
    assert.ok(!shown.includes(SECRET) && !shown.includes('7, 7'), shown);
  const wrong = [
    { name: 'a b', algorithm: 'hmac-sha256', secret: SECRET },
    { name: 'a', algorithm: 'hmac-md5', secret: SECRET },
    { name: 'a', algorithm: 'hmac-sha256', secret: 'c2hvcnQ=' },
    { name: 'a', algorithm: 'hmac-sha256', secret: `${SECRET} !` },
  ];
  for (const given of wrong) {
    assert.throws(
      () => toTsigKey(given),
      (error: unknown) => {
        assert.ok(error instanceof Fault && error.fault === 'configuration');
        assert.ok(!error.message.includes(given.secret));
        return true;
      },
    );
  }
});

test('no bytes make reading an answer throw, and none of them are taken for signed', () => {
  const request = signMessage(MESSAGE, KEY, NOW);
  const change = fc.array(fc.tuple(fc.nat(request.bytes.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(
      change,
      fc.nat(request.bytes.length),
      fc.uint8Array({ maxLength: 40 }),
      (changes, end, tail) => {
        const bytes = Buffer.concat([request.bytes.subarray(0, end), tail]);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        assert.notEqual(openAnswer(bytes, KEY, request, NOW).kind, 'signed');
      },
    ),
    { numRuns: 2_000 },
  );
});

test('names that point at themselves end', () => {
  const loop = Buffer.concat([
    Buffer.from('000100000000000000000001', 'hex'),
    Buffer.from('c00c00fa00ff000000000000', 'hex'),
  ]);
  assert.equal(lastRecord(loop), undefined);
});
