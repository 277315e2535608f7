import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { givenKeyServer, type TestKeyServer } from '../../test/support/keyless.ts';
import { KeyServerClient } from './key-server-client.ts';
import { keyHashOf, proveSigner, type Signer } from './signer.ts';

const ends = new AsyncDisposableStack();
const held = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
let server: TestKeyServer;
before(async () => {
  server = await givenKeyServer(ends, [held.privateKey, rsa.privateKey], 20);
});
after(() => ends.disposeAsync());

const read = (path: string | undefined) => readFileSync(path ?? assert.fail(), 'utf8');

/** Who asks a key server, by the options of that one or of another. */
function asking(
  key: KeyObject,
  by = server,
  deadline = 1,
): { signer: Signer; states: (string | undefined)[] } {
  const { key_server_cert_file: cert, key_server_key_file: own, key_server_ca_file: ca } = by.options;
  const context = createSecureContext({ cert: read(cert), key: read(own), ca: read(ca) });
  const states: (string | undefined)[] = [];
  const place = { host: '127.0.0.1', port: server.port, context, deadline };
  const client = new KeyServerClient({ ...place, onState: (why) => states.push(why) });
  ends.defer(() => client.close());
  return { signer: client.signer(keyHashOf(createPublicKey(key))), states };
}

const handshake = (length = 32) =>
  Buffer.concat([
    Buffer.alloc(64, ' '),
    Buffer.from('TLS 1.3, server CertificateVerify\0'),
    Buffer.alloc(length, 7),
  ]);
/** Randoms and parameters of TLS 1.2, with P-256. */
const exchange = (length = 65) =>
  Buffer.concat([Buffer.alloc(64, 7), Buffer.from([3, 0, 23, length]), Buffer.alloc(length, 4)]);

test('it signs what TLS servers sign, by each kind of key that it holds', async () => {
  const { signer } = asking(held.privateKey);
  for (const content of [handshake(), handshake(48), exchange()])
    assert(verify('sha256', content, held.publicKey, await signer.sign(0x0403, content)));
  await proveSigner(signer, held.publicKey);
  await proveSigner(asking(rsa.privateKey).signer, rsa.publicKey);
  const wrong = proveSigner(asking(held.privateKey).signer, other.publicKey);
  await assert.rejects(wrong, { fault: 'signer_refused', message: /another key/ });
});

test('it signs nothing else, by no other key, and by no scheme that is not the key’s', async () => {
  const { signer } = asking(held.privateKey);
  const client = Buffer.from(handshake().toString('latin1').replace('server', 'client'), 'latin1');
  const others = [
    Buffer.alloc(32),
    Buffer.from('{"alg":"ES256"}'),
    client,
    handshake(31),
    exchange(64),
    Buffer.alloc(200),
  ];
  for (const content of others)
    await assert.rejects(signer.sign(0x0403, content), {
      fault: 'signer_refused',
      message: /handshakes of servers alone/,
    });
  await assert.rejects(signer.sign(0x0804, handshake()), {
    fault: 'signer_refused',
    message: /by this scheme/,
  });
  await assert.rejects(signer.sign(0x0403, Buffer.alloc(1_000)), { fault: 'signer_unreachable' });
  const unknown = asking(other.privateKey).signer.sign(0x0403, handshake());
  await assert.rejects(unknown, { fault: 'signer_refused', message: /holds no key [0-9a-f]{64}$/ });
});

test('a client has so many signatures in a second, and others in the next one', async () => {
  // All tests here are one client.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const { signer } = asking(held.privateKey);
  const asked = await Promise.allSettled(Array.from({ length: 60 }, () => signer.sign(0x0403, handshake())));
  const refused = asked.filter(({ status }) => status === 'rejected');
  assert(refused.length >= 20 && refused.length <= 40, `${refused.length} of 60 in at most two seconds`);
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 1_100);
  await promise;
  await signer.sign(0x0403, handshake());
});

test('a client has no more of them by more connections', async () => {
  const many = Array.from({ length: 5 }, () => asking(held.privateKey).signer);
  const asked = await Promise.allSettled(
    many.flatMap((signer) => Array.from({ length: 12 }, () => signer.sign(0x0403, handshake()))),
  );
  const signed = asked.filter(({ status }) => status === 'fulfilled').length;
  assert(signed > 0 && signed <= 40, `${signed} of 60 in at most two seconds`);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
});

test('who has no certificate of its CA gets no signature, and trusts it as little', async () => {
  const stranger = await givenKeyServer(ends, []);
  const { signer, states } = asking(held.privateKey, stranger);
  await assert.rejects(signer.sign(0x0403, handshake()), { fault: 'signer_unreachable' });
  assert.equal(states.length, 1);
  const { key_server_cert_file: cert } = server.options;
  const { key_server_ca_file: ca } = stranger.options;
  const mixed = {
    ...server,
    options: { ...stranger.options, key_server_ca_file: server.options.key_server_ca_file ?? '' },
  };
  const strange = asking(held.privateKey, mixed);
  await assert.rejects(strange.signer.sign(0x0403, handshake()), { fault: 'signer_unreachable' });
  assert.equal(
    new X509Certificate(read(cert)).checkIssued(new X509Certificate(read(ca))),
    true,
    'of one name',
  );
  assert.equal(new X509Certificate(read(cert)).verify(new X509Certificate(read(ca)).publicKey), false);
});

test('strangers that say nothing keep no client out', async () => {
  const silent = Array.from({ length: 300 }, () => connect(server.port, '127.0.0.1').on('error', () => {}));
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  try {
    await asking(held.privateKey).signer.sign(0x0403, handshake());
    assert(silent.some((socket) => !socket.destroyed));
  } finally {
    for (const socket of silent) socket.destroy();
  }
});

test('one that is away is told of once, not asked for a second, and asked again then', async () => {
  const { signer, states } = asking(held.privateKey);
  await signer.sign(0x0403, handshake());
  await server.stop();
  for (let i = 0; i < 5; i++)
    await assert.rejects(signer.sign(0x0403, handshake()), { fault: 'signer_unreachable' });
  await server.start();
  const begun = performance.now();
  while (performance.now() - begun < 5_000 && states.at(-1) !== undefined)
    await signer.sign(0x0403, handshake()).catch(() => new Promise((resolve) => setTimeout(resolve, 50)));
  assert.equal(states.at(-1), undefined);
  assert(states.filter((why) => why !== undefined).length <= 2, states.join('; '));
});
