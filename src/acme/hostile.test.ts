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
import { newAccountKey } from './account.ts';
import { AcmeClient } from './client.ts';
import { directoryOf, type Script, scriptedServer } from './scripted-server.ts';

const signal = AbortSignal.timeout(60_000);
const json = { 'content-type': 'application/json' };

// biome-ignore format: a table is read by column
const HOSTILE: Readonly<Record<string, { script: Script; fault: string }>> = {
  'HTML':                         { fault: 'ca_wrong_answer', script: () => ({ headers: { 'content-type': 'text/html' }, body: '<html>' }) },
  'HTML with status 502':         { fault: 'ca_wrong_answer', script: () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' }) },
  'no content type':              { fault: 'ca_wrong_answer', script: () => ({}) },
  'an empty body':                { fault: 'ca_wrong_answer', script: () => ({ headers: json }) },
  'truncated JSON':               { fault: 'ca_wrong_answer', script: () => ({ headers: json, body: '{"status": "pen' }) },
  'JSON that is no object':       { fault: 'ca_wrong_answer', script: () => ({ body: [1, 2] }) },
  'JSON nested without end':      { fault: 'ca_wrong_answer', script: () => ({ headers: json, body: '['.repeat(200_000) }) },
  'an error that is no problem':  { fault: 'ca_wrong_answer', script: () => ({ status: 400, body: { oops: true } }) },
  'a redirect':                   { fault: 'ca_wrong_answer', script: () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/' } }) },
  'a body of 300 KiB':            { fault: 'ca_wrong_answer', script: () => ({ headers: json, body: `"${'x'.repeat(300 * 1_024)}"` }) },
  'headers of 100 KiB':           { fault: 'ca_wrong_answer', script: () => ({ headers: { 'x-long': 'x'.repeat(100_000) }, body: {} }) },
  'a body that drips':            { fault: 'ca_unreachable',  script: drip },
  'silence':                      { fault: 'ca_unreachable',  script: () => undefined },
  'a body that breaks off':       { fault: 'ca_unreachable',  script: breakOff },
};

function drip(_seen: unknown, response: Parameters<Script>[1]): undefined {
  response.writeHead(200, json);
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}

function breakOff(_seen: unknown, response: Parameters<Script>[1]): undefined {
  response.writeHead(200, { ...json, 'content-length': '100' });
  response.write('{', () => response.destroy());
}

for (const [what, { script, fault }] of Object.entries(HOSTILE)) {
  it(`survives ${what}`, async (t) => {
    const { client, account, url } = await given(t, script);
    await assert.rejects(client.order(account, url, signal), { name: 'Fault', fault });
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

it('trusts the given roots for TLS and nobody else, and is not led to plain http', async (t) => {
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
