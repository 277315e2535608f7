import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { toPublishers } from './dns-publishers.ts';

const secret = randomBytes(32).toString('base64');
const GOOD = { server: '192.0.2.53', key_name: 'packs', secret, zones: ['example.com', 'BÜCHER.example'] };
const BLOCK = `key "pasted" {\n\talgorithm hmac-sha512;\n\tsecret "${secret}";\n};\n`;
const from = (...tables: unknown[]) => toPublishers(tables, systemClock());

test('zones of a name server are found by their names in A-labels', () => {
  assert.deepEqual([...from(GOOD).keys()], ['example.com', 'xn--bcher-kva.example']);
  assert.equal(from().size, 0);
});

test('the secret of a name server may be in a file', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tsig-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'secret'), `${secret}\n`);
  const { secret: _, ...rest } = GOOD;
  assert.equal(from({ ...rest, secret_file: join(dir, 'secret') }).size, 2);
  assert.throws(
    () => from({ ...rest, secret_file: join(dir, 'none') }),
    /'secret_file' names .*cannot be read/,
  );
});

test('a table that is refused is the one that is named', () => {
  const other = { ...GOOD, zones: ['example.org'], secret: 'c2hvcnQ=' };
  assert.throws(
    () => from(GOOD, other),
    /^Fault: dns_updates\[1\]: the secret of the TSIG key packs must be/,
  );
});

test('what tsig-keygen printed is good for a secret, with its name or without', (t) => {
  const { key_name: _, ...rest } = GOOD;
  assert.equal(from({ ...rest, secret: BLOCK }).size, 2);
  assert.equal(from({ ...rest, key_name: 'Pasted.', algorithm: 'HMAC-SHA512', secret: BLOCK }).size, 2);
  const dir = mkdtempSync(join(tmpdir(), 'tsig-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'key'), `# of ns1\r\n${BLOCK.replaceAll('\n', '\r\n')}`);
  const { secret: __, ...bare } = rest;
  assert.equal(from({ ...bare, secret_file: join(dir, 'key') }).size, 2);
});

const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  ['no table', 'x', /dns_updates\[0\] must be a table/],
  ['an unknown option', { ...GOOD, sever: 'x' }, /unknown option 'sever'/],
  ['a name for an address', { ...GOOD, server: 'ns1.example.com' }, /'server' must be an IP address/],
  ['a port that is none', { ...GOOD, port: 70_000 }, /'port' must be from 1 to 65535/],
  [
    'another algorithm',
    { ...GOOD, algorithm: 'hmac-md5' },
    /^dns_updates\[0\]: the TSIG key packs must be of one of hmac-sha1, .*hmac-sha512$/,
  ],
  [
    'a short secret',
    { ...GOOD, secret: 'c2hvcnQ=' },
    /^dns_updates\[0\]: the secret .* must be base64 of 16 bytes or more/,
  ],
  [
    'a name that DNS cannot hold',
    { ...GOOD, key_name: 'a b' },
    /^dns_updates\[0\]: a TSIG key has a name that/,
  ],
  ['no name of its key', { ...GOOD, key_name: undefined }, /^dns_updates\[0\]: a TSIG key needs a name/],
  [
    'another key in the pasted text',
    { ...GOOD, secret: BLOCK },
    /^dns_updates\[0\]: .* another name in the text/,
  ],
  [
    'another algorithm in the pasted text',
    { ...GOOD, key_name: 'pasted', algorithm: 'hmac-sha1', secret: BLOCK },
    /^dns_updates\[0\]: .* another algorithm in the text/,
  ],
  [
    'several keys',
    { ...GOOD, key_name: 'x', secret: `${BLOCK}${BLOCK}` },
    /^dns_updates\[0\]: .* several keys in it/,
  ],
  [
    'a key block cut off',
    { ...GOOD, key_name: 'pasted', secret: BLOCK.slice(0, 50) },
    /^dns_updates\[0\]: the secret of the TSIG key/,
  ],
  ['no zones', { ...GOOD, zones: [] }, /'zones' must be a list of zone names/],
  ['a name for an account', { ...GOOD, account: 'default' }, /'account' must be the id of an account/],
  ['a zone that is no name', { ...GOOD, zones: ['not a name'] }, /'zones' has 'not a name'/],
];
for (const [what, table, words] of WRONG)
  test(`a name server with ${what} is refused in words, without its secret`, () => {
    assert.throws(
      () => from(table),
      (error: unknown) => {
        assert(error instanceof Fault && error.fault === 'configuration');
        assert.match(error.message, words);
        assert(!error.message.includes(secret));
        return true;
      },
    );
  });

test('a key may be bound to an account', () => {
  const account = '023e105f4ecef8ad9ca31a8372d0c353';
  const bound = [...from({ ...GOOD, account }).values()].map(({ accountId }) => accountId);
  assert.deepEqual(bound, [account, account]);
  assert.equal(from(GOOD).get('example.com')?.accountId, undefined);
});

test('a zone that two name servers are to have is refused', () => {
  assert.throws(
    () => from(GOOD, GOOD),
    /dns_updates\[1\]: 'zones' names example\.com, which another table has/,
  );
});
