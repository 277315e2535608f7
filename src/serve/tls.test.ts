import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { newServer, showCertificates } from '../api/http/server.ts';
import type { PullSource, ServedKeyPair } from '../edge/edge.ts';
import { loadApiTls } from './tls.ts';

const dir = mkdtempSync(join(tmpdir(), 'certpacks-tls-'));
after(() => rmSync(dir, { recursive: true }));

/** A chain and key of that kind, which names itself so; also as files. */
function givenPair(name: string, kind: readonly string[]): ServedKeyPair {
  const [key, chain] = [join(dir, `${name}.key`), join(dir, `${name}.pem`)];
  const args = [
    'req',
    '-x509',
    '-newkey',
    ...kind,
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    key,
    '-out',
    chain,
  ];
  execFileSync('openssl', args, { stdio: 'ignore' });
  chmodSync(key, 0o600);
  return { chain: readFileSync(chain, 'utf8'), key: readFileSync(key, 'utf8') };
}

const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const RSA = ['rsa:2048'];

/** What the store has for `api.test`, and nothing for any other name. */
const sourceOf = (certificates: { ecdsa?: ServedKeyPair; rsa?: ServedKeyPair } | undefined): PullSource => ({
  packFor: async (name) =>
    name === 'api.test' && certificates ? { packId: 'one', hosts: [name], certificates } : undefined,
  fileFor: async () => undefined,
});

const NONE = { tls_cert_file: '', tls_key_file: '', tls_host: '' };

async function subjectShown(port: number, sigalgs: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, sigalgs });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

test('the API shows both certificates of its own pack, each to who can check it, and the next ones when they come', async (t) => {
  const pairs = { ecdsa: givenPair('first-ecdsa', EC), rsa: givenPair('first-rsa', RSA) };
  const tls = await loadApiTls({ ...NONE, tls_host: 'API.test' }, sourceOf(pairs));
  assert(tls);
  const limits = {
    trustedProxies: [],
    bodyLimit: 1,
    headerLimit: 16_384,
    requestTimeout: 5,
    keepAlive: 5,
    isLogged: false,
    rateLimit: 0,
  };
  const server = newServer(() => undefined, { ...limits, tls }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address);
  assert.equal(await subjectShown(address.port, 'ecdsa_secp256r1_sha256'), 'first-ecdsa');
  assert.equal(await subjectShown(address.port, 'rsa_pss_rsae_sha256'), 'first-rsa');
  showCertificates(server, {
    cert: [givenPair('next', EC).chain],
    key: [readFileSync(join(dir, 'next.key'), 'utf8')],
  });
  assert.equal(await subjectShown(address.port, 'ecdsa_secp256r1_sha256'), 'next');
});

const says = (message: RegExp) => ({ fault: 'configuration', message });

test('until the pack is there the files serve, and without them the start says what to do', async () => {
  const { chain } = givenPair('file', EC);
  const files = { tls_cert_file: join(dir, 'file.pem'), tls_key_file: join(dir, 'file.key') };
  const options = { ...files, tls_host: 'api.test' };
  assert.deepEqual((await loadApiTls(options, sourceOf(undefined)))?.cert, [chain]);
  assert.deepEqual(await loadApiTls(NONE, sourceOf(undefined)), undefined);
  await assert.rejects(
    loadApiTls({ ...NONE, tls_host: 'api.test' }, sourceOf(undefined)),
    says(/no certificate pack serves api\.test/),
  );
  await assert.rejects(
    loadApiTls({ ...NONE, tls_cert_file: files.tls_cert_file }, sourceOf(undefined)),
    says(/together/),
  );
  givenPair('other', EC);
  const mixed = { ...NONE, tls_cert_file: files.tls_cert_file, tls_key_file: join(dir, 'other.key') };
  await assert.rejects(loadApiTls(mixed, sourceOf(undefined)), says(/cannot be used as chain and key/));
  chmodSync(files.tls_key_file, 0o644);
  await assert.rejects(loadApiTls({ ...NONE, ...files }, sourceOf(undefined)), says(/mode 600/));
});
