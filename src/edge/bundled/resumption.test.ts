/** Sessions that are taken up again: which are, and that none outlives what was shown when it began. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { givenServedName, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { fingerprintIn, givenFolder, givenPack, until } from '../../../test/support/edge/given-service.ts';
import { needs } from '../../../test/support/peers.ts';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const SIGNATURES = { ecdsa: 'ecdsa_secp256r1_sha256', rsa: 'rsa_pss_rsae_sha256:RSA+SHA256' } as const;

/** One request; what it took up, was shown, and may take up next. */
async function ask(port: number, options: ConnectionOptions) {
  const client = await shaken(port, options);
  // Of TLS 1.2 it came in the handshake.
  let session = client.getSession();
  client.on('session', (ticket) => {
    session = ticket;
  });
  const isResumed = client.isSessionReused();
  const leaf = client.getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase();
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(client.resume(), 'close');
  return { session, isResumed, leaf };
}

for (const maxVersion of VERSIONS)
  for (const [algorithm, sigalgs] of Object.entries(SIGNATURES))
    test(`a session of ${maxVersion} with ${algorithm} is taken up again, each time by the ticket of the last`, async (t) => {
      const { row, bundled } = await givenServedName(t);
      let { session, isResumed } = await ask(row.port, { maxVersion, sigalgs });
      assert.equal(isResumed, false);
      for (let i = 0; i < 3; i++) {
        ({ session, isResumed } = await ask(row.port, { maxVersion, sigalgs, ...(session && { session }) }));
        assert.equal(isResumed, true);
      }
      const { handshakes, resumed } = bundled.stats();
      assert.deepEqual([handshakes, resumed], [4, 3]);
    });

for (const maxVersion of VERSIONS)
  test(`a session of ${maxVersion} is worth nothing under another name, also one of the same pack`, async (t) => {
    const { row, service } = await givenServedName(t);
    const other = 'other.example.com';
    const both = await givenPack([NAME, other]);
    service.packs.set(NAME, both).set(other, both);
    const { session } = await ask(row.port, { maxVersion });
    assert.ok(session);
    const elsewhere = await ask(row.port, { maxVersion, session, servername: other });
    assert.equal(elsewhere.isResumed, false);
    assert.equal(elsewhere.leaf, fingerprintIn(both, 'ecdsa'), 'it is a whole handshake');
    assert.equal((await ask(row.port, { maxVersion, session })).isResumed, true);
  });

for (const maxVersion of VERSIONS)
  test(`no session of ${maxVersion} outlives its certificate: 30 clients are shown the new one`, async (t) => {
    const { row, service, bundled, pack } = await givenServedName(t);
    const sessions = await Promise.all(
      Array.from({ length: 30 }, async () => (await ask(row.port, { maxVersion })).session),
    );
    const renewed = await givenPack([NAME]);
    service.packs.set(NAME, renewed);
    service.pull.push({ environment: 'production', hosts: [NAME] });
    await until(() => bundled.stats().changes === 1);
    const again = async (session: Buffer | undefined) =>
      ask(row.port, { maxVersion, ...(session && { session }) });
    const seen = await Promise.all(sessions.map(again));
    assert.equal(seen.filter(({ isResumed }) => isResumed).length, 0);
    assert.deepEqual(new Set(seen.map(({ leaf }) => leaf)), new Set([fingerprintIn(renewed, 'ecdsa')]));
    service.packs.set(NAME, pack);
    service.pull.push({ environment: 'production', hosts: [NAME] });
    await until(() => bundled.stats().changes === 2);
    assert.equal((await again(sessions[0])).isResumed, false, 'nor when its certificate is back');
  });

test('no session outlives the withdrawal of its name', async (t) => {
  const { row, service, bundled, pack } = await givenServedName(t);
  const { session } = await ask(row.port, {});
  assert.ok(session);
  service.packs.delete(NAME);
  service.pull.push({ environment: 'production', hosts: [NAME] });
  await until(() => bundled.stats().changes === 1);
  const code = 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME';
  await assert.rejects(ask(row.port, { session }), { code });
  service.packs.set(NAME, pack);
  service.pull.push({ environment: 'production', hosts: [NAME] });
  await until(() => bundled.stats().changes === 2);
  assert.equal((await ask(row.port, { session })).isResumed, false);
});

test('openssl takes its sessions up again', needs('openssl'), async (t) => {
  const { row, bundled } = await givenServedName(t);
  const session = join(givenFolder(t), 'session.pem');
  for (const version of ['-tls1_2', '-tls1_3'])
    for (const [flag, says] of [
      ['-sess_out', 'New'],
      ['-sess_in', 'Reused'],
    ] as const) {
      const target = ['s_client', '-connect', `127.0.0.1:${row.port}`, '-servername', NAME];
      const child = spawn('openssl', [...target, version, '-ign_eof', flag, session], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      child.stdin.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      child.stdin.on('error', () => undefined);
      const told = Buffer.concat(await child.stdout.toArray()).toString();
      assert.match(told, new RegExp(`^${says}, TLS`, 'm'), `${version} ${flag}`);
    }
  assert.equal(bundled.stats().resumed, 2);
});
