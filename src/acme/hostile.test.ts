/** Answers that no CA should give. Each ends in a Fault, in time, and the process lives on. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer as createNet } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { directoryOf, type Script, scriptedServer } from '../../test/support/scripted-server.ts';
import { newAccountKey } from './account.ts';
import { AcmeClient } from './client.ts';

const OPENSSL = needs('openssl');

const signal = AbortSignal.timeout(60_000);
const json = { 'content-type': 'application/json' };

const ORDER = {
  status: 'pending',
  identifiers: [],
  authorizations: [],
  finalize: 'https://ca.example/finalize',
};
const whole = JSON.stringify(ORDER);
const html = { 'content-type': 'text/html' };
const wrong = 'ca_wrong_answer';
const absent = 'ca_unreachable';

// biome-ignore format: a table is read by column
const HOSTILE: readonly (readonly [string, Script, string, RegExp])[] = [
  ['an order that says it is HTML', () => ({ headers: html, body: whole }),                                     wrong,  /HTTP 200 with content of type "text\/html"/],
  ['HTML with status 502',          () => ({ status: 502, headers: html, body: '<html>' }),                     wrong,  /HTTP 502 with content of type "text\/html"/],
  ['no content type',               () => ({}),                                                                 wrong,  /HTTP 200 with content of type ""/],
  ['an empty body',                 () => ({ headers: json }),                                                  wrong,  /JSON that cannot be read/],
  ['truncated JSON',                () => ({ headers: json, body: whole.slice(0, 40) }),                        wrong,  /JSON that cannot be read/],
  ['JSON that is no object',        () => ({ body: [1, 2] }),                                                   wrong,  /is not a JSON object/],
  ['JSON nested without end',       () => ({ headers: json, body: '['.repeat(200_000) }),                       wrong,  /JSON that cannot be read/],
  ['an error that is no problem',   () => ({ status: 400, body: { oops: true } }),                              wrong,  /HTTP 400 without a reason/],
  ['a redirect',                    () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: ORDER }), wrong, /redirect/],
  ['another protocol',              upgrade,                                                                    wrong,  /changes the protocol/],
  ['a body of 300 KiB',             () => ({ headers: json, body: whole + ' '.repeat(300 * 1_024) }),           wrong,  /more than 262144 bytes/],
  ['headers of 100 KiB',            () => ({ headers: { 'x-long': 'x'.repeat(100_000) }, body: ORDER }),        wrong,  /HPE_HEADER_OVERFLOW/],
  ['a body that drips',             drip,                                                                       absent, /in time/],
  ['silence',                       () => undefined,                                                            absent, /in time/],
  ['a body that breaks off',        breakOff,                                                                   absent, /ECONNRESET/],
];

function drip(_seen: unknown, response: Parameters<Script>[1]): undefined {
  response.writeHead(200, json);
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}

function upgrade(_seen: unknown, response: Parameters<Script>[1]): undefined {
  response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n');
}

function breakOff(_seen: unknown, response: Parameters<Script>[1]): undefined {
  response.writeHead(200, { ...json, 'content-length': '100' });
  response.write('{', () => response.destroy());
}

for (const [what, script, fault, message] of HOSTILE) {
  it(`survives ${what}`, async (t) => {
    const { client, account, url } = await given(t, script);
    await assert.rejects(client.order(account, url, signal), { name: 'Fault', fault, message });
  });
}

async function given(t: TestContext, script: Script) {
  const server = await scriptedServer(t, (seen, response) => {
    if (seen.path === '/directory') return { body: directoryOf(server.url) };
    return script(seen, response);
  });
  const client = new AcmeClient({ directoryUrl: `${server.url}/directory`, within: 0.5 });
  return {
    client,
    account: { url: `${server.url}/a/1`, key: newAccountKey() },
    url: `${server.url}/order/1`,
  };
}

it('takes a chain of certificates alone', async (t) => {
  const type = { 'content-type': 'application/pem-certificate-chain' };
  const bodies = ['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'];
  for (const body of bodies) {
    const { client, account, url } = await given(t, () => ({ headers: type, body }));
    await assert.rejects(client.download(account, url, signal), { fault: 'ca_wrong_answer' });
  }
});

it('survives a server that does not speak HTTP', async (t) => {
  const server = createNet((socket) => {
    socket.on('error', () => {});
    socket.end('SSH-2.0-OpenSSH_9.2\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const client = new AcmeClient({ directoryUrl: `http://127.0.0.1:${port}/` });
  await assert.rejects(client.directory(signal), { fault: 'ca_wrong_answer' });
});

it('trusts the given roots for TLS and nobody else, and is not led to plain http', OPENSSL, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'acme-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  const subject = ['-subj', '/CN=ca', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-out', cert];
  execFileSync('openssl', ['req', '-x509', ...newKey, ...subject], { stdio: 'ignore' });
  const server = createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
    response.writeHead(200, { ...json, 'replay-nonce': 'nonce' });
    response.end(JSON.stringify(directoryOf('https://ca.example')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const directoryUrl = `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`;
  const tlsRoots = `The root of this CA:\n${readFileSync(cert, 'utf8')}`;
  const trusting = new AcmeClient({ directoryUrl, tlsRoots });
  assert.equal((await trusting.directory(signal)).newOrder, 'https://ca.example/order');
  const account = { url: 'https://ca.example/a/1', key: newAccountKey() };
  const led = trusting.order(account, 'http://127.0.0.1:9/order', signal);
  await assert.rejects(led, { fault: 'ca_wrong_answer', message: /no https URL/ }, 'not led to plain http');
  await assert.rejects(new AcmeClient({ directoryUrl }).directory(signal), { fault: 'ca_unreachable' });
  assert.throws(() => new AcmeClient({ directoryUrl, tlsRoots: 'no PEM' }), { fault: 'configuration' });
});
