import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { helloFrom } from '../../../test/support/edge/given-edge.ts';
import { MOST_HELLO_BYTES, readClientHello } from './client-hello.ts';
import { isHostName } from './host-name.ts';

let hello: Buffer;
before(async () => {
  hello = await helloFrom({ servername: 'Www.Example.COM' });
});

/** The same handshake message in records of `size` bytes. */
function inRecordsOf(size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

/** The hello with other bytes in place of its server name, of the same length. */
function withName(name: string): Buffer {
  const at = hello.indexOf('Www.Example.COM');
  const bytes = Buffer.from(hello);
  bytes.write(name.padEnd(15).slice(0, 15), at, 'latin1');
  return bytes;
}

test('the name is found, in lower case, in TLS 1.2 and 1.3', async () => {
  assert.deepEqual(readClientHello(hello), { serverName: 'www.example.com' });
  const old = await helloFrom({ servername: 'old.example.com', maxVersion: 'TLSv1.2' });
  assert.deepEqual(readClientHello(old), { serverName: 'old.example.com' });
});

test('a hello without a name has none', async () => {
  assert.deepEqual(readClientHello(await helloFrom({ servername: '' })), {});
});

test('any part of a hello needs more', () => {
  for (let end = 0; end < hello.length; end++) {
    assert.equal(readClientHello(hello.subarray(0, end)), 'need more', `${end} bytes`);
  }
});

test('what follows the hello does not matter', () => {
  const more = Buffer.concat([hello, Buffer.from('early data')]);
  assert.deepEqual(readClientHello(more), { serverName: 'www.example.com' });
});

test('a hello may span records, and a storm of tiny ones is refused', () => {
  assert.deepEqual(readClientHello(inRecordsOf(100)), { serverName: 'www.example.com' });
  assert.equal(readClientHello(inRecordsOf(1)), 'not tls');
});

test('a name that is no host name is none', () => {
  const names = [
    '../../etc/passw',
    '*.example.com  ',
    'example.com\0.xy',
    'a..example.comm',
    '192.168.100.101',
  ];
  for (const name of [...names, 'example.com.0x7', 'example.com.123', 'onesinglelabell', 'example.com....']) {
    assert.deepEqual(readClientHello(withName(name)), { hasOddName: true }, name);
  }
});

test('a name is taken as browsers send it: letters of any case, underscores, hyphens anywhere, a final dot', () => {
  const names = [
    'WWW.EXAMPLE.co.',
    'a_b.example.com',
    '_dmarc.example.',
    'r3---sn.exa.com',
    '-a-.example.com',
    '0x7f.example.co',
    'xn--bcher-k.ab.',
  ];
  for (const name of names) {
    assert.deepEqual(readClientHello(withName(name)), { serverName: name.toLowerCase().replace(/\.$/, '') });
  }
});

test('what is not TLS is told at its first bytes', () => {
  assert.equal(readClientHello(Buffer.from('G')), 'not tls');
  assert.equal(readClientHello(Buffer.from([22, 2])), 'not tls');
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 0])), 'not tls');
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 1, 2])), 'not tls');
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0x40, 1])), 'not tls');
});

test('a hello whose inner lengths do not fit is refused', () => {
  const cut = Buffer.from(hello.subarray(0, -10));
  cut.writeUInt16BE(cut.length - 5, 3);
  cut.writeUIntBE(cut.length - 9, 6, 3);
  assert.equal(readClientHello(cut), 'not tls');
});

test('a hello that announces or sends too much is refused', () => {
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff])), 'not tls');
  const endless = Buffer.alloc(MOST_HELLO_BYTES, 1);
  endless.set([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xff]);
  assert.equal(readClientHello(endless.subarray(0, MOST_HELLO_BYTES - 1)), 'need more');
  assert.equal(readClientHello(endless), 'not tls');
});

function assertLawful(bytes: Buffer): void {
  const seen = readClientHello(bytes);
  if (seen === 'not tls') return;
  if (seen === 'need more') return assert.ok(bytes.length < MOST_HELLO_BYTES);
  if (seen.serverName !== undefined) assert.ok(isHostName(seen.serverName));
}

test('no bytes make it throw, or take more than its bound', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => assertLawful(Buffer.from(bytes))));
  const rest = fc.uint8Array({ maxLength: 20_000, size: 'max' });
  const heads = ['160301', '16030300500100004c', '1603013fff01003f'].map((hex) => Buffer.from(hex, 'hex'));
  const hostile = fc.tuple(fc.constantFrom(...heads), rest).map((parts) => Buffer.concat(parts));
  fc.assert(fc.property(hostile, assertLawful), { numRuns: 50 });
});

test('no change of a real hello makes it throw', () => {
  const change = fc.tuple(fc.nat(hello.length - 1), fc.nat(255));
  const law = (changes: readonly (readonly [number, number])[], end: number) => {
    const bytes = Buffer.from(hello.subarray(0, end));
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    assertLawful(bytes);
  };
  const changes = fc.array(change, { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(changes, fc.nat(hello.length), law), { numRuns: 3_000 });
});
