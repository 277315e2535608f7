/** Answers that no CA should give. Each ends in a Fault, in time, and the process lives on. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { rawServer } from '../../test/support/raw-server.ts';
import { simulatedCa, type TestRule } from '../../test/support/simulator/simulated-ca.ts';
import { newAccountKey } from './account.ts';
import { AcmeClient } from './client.ts';

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
const PROTOCOL = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n';

// biome-ignore format: a table is read by column
const HOSTILE: readonly (readonly [string, TestRule, string, RegExp])[] = [
  ['an order that says it is HTML', { fault: 'answer', headers: html, body: whole },                            wrong,  /HTTP 200 with content of type "text\/html"/],
  ['HTML with status 502',          { fault: 'answer', status: 502, headers: html, body: '<html>' },            wrong,  /HTTP 502 with content of type "text\/html"/],
  ['no content type',               { fault: 'answer' },                                                        wrong,  /HTTP 200 with content of type ""/],
  ['an empty body',                 { fault: 'answer', headers: json },                                         wrong,  /JSON that cannot be read/],
  ['truncated JSON',                { fault: 'answer', headers: json, body: whole.slice(0, 40) },               wrong,  /JSON that cannot be read/],
  ['JSON that is no object',        { fault: 'answer', body: [1, 2] },                                          wrong,  /is not a JSON object/],
  ['JSON nested without end',       { fault: 'answer', headers: json, body: '[', repeat: 200_000 },             wrong,  /JSON that cannot be read/],
  ['an error that is no problem',   { fault: 'answer', status: 400, body: { oops: true } },                     wrong,  /HTTP 400 without a reason/],
  ['a redirect',                    { fault: 'answer', status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: ORDER }, wrong, /redirect/],
  ['another protocol',              { fault: 'raw', text: PROTOCOL, stays_open: true },                         wrong,  /changes the protocol/],
  ['a body of 300 KiB',             { fault: 'answer', headers: json, body: whole + ' '.repeat(300 * 1_024) },  wrong,  /more than 262144 bytes/],
  ['headers of 100 KiB',            { fault: 'patch', headers: { 'x-long': 'x'.repeat(100_000) } },             wrong,  /HPE_HEADER_OVERFLOW/],
  ['a body that drips',             { fault: 'drip', seconds: 0.02 },                                           absent, /in time/],
  ['silence',                       { fault: 'silence' },                                                       absent, /in time/],
  ['a body that breaks off',        { fault: 'cut', after_bytes: 1 },                                           absent, /ECONNRESET/],
];

for (const [what, rule, fault, message] of HOSTILE) {
  it(`survives ${what}`, async (t) => {
    const { client, account, url } = await given(t, { ...rule, on: 'order' });
    await assert.rejects(client.order(account, url, signal), { name: 'Fault', fault, message });
  });
}

/** A client of a CA that goes wrong by the rule, and an order there. */
async function given(t: TestContext, rule: TestRule) {
  const { row, newAccount, script } = await simulatedCa(t);
  const options = { directoryUrl: row.directoryUrl, tlsRoots: row.tlsRoots ?? '' };
  const account = newAccount();
  const { url } = await new AcmeClient(options).newOrder(account, { names: ['a.example'] }, signal);
  script(rule);
  return { client: new AcmeClient({ ...options, within: 0.5 }), account, url };
}

it('takes a chain of certificates alone', async (t) => {
  const headers = { 'content-type': 'application/pem-certificate-chain' };
  const bodies = ['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'];
  for (const body of bodies) {
    const { client, account, url } = await given(t, { fault: 'answer', headers, body });
    await assert.rejects(client.download(account, url, signal), { fault: 'ca_wrong_answer' });
  }
});

it('survives a server that does not speak HTTP', async (t) => {
  const directoryUrl = await rawServer(t, (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  await assert.rejects(new AcmeClient({ directoryUrl }).directory(signal), { fault: 'ca_wrong_answer' });
});

it('speaks plain http where the operator names a CA on the machine itself so', async (t) => {
  const directoryUrl = await rawServer(t, (socket) => {
    const urls = ['newNonce', 'newAccount', 'newOrder'].map((name) => [name, `${directoryUrl}${name}`]);
    const body = JSON.stringify(Object.fromEntries(urls));
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    socket.once('data', () => socket.end(`${head}\r\n\r\n${body}`));
  });
  const { newOrder } = await new AcmeClient({ directoryUrl }).directory(signal);
  assert.equal(newOrder, `${directoryUrl}newOrder`);
});

it('trusts the given roots for TLS and nobody else, and is not led to plain http', async (t) => {
  const { row } = await simulatedCa(t);
  const { directoryUrl } = row;
  const tlsRoots = `The root of this CA:\n${row.tlsRoots}`;
  const trusting = new AcmeClient({ directoryUrl, tlsRoots });
  const { newOrder } = await trusting.directory(signal);
  assert.equal(newOrder, new URL('/acme/new-order', directoryUrl).href);
  const account = { url: 'https://ca.example/a/1', key: newAccountKey() };
  const led = trusting.order(account, 'http://127.0.0.1:9/order', signal);
  await assert.rejects(led, { fault: 'ca_wrong_answer', message: /no https URL/ }, 'not led to plain http');
  await assert.rejects(new AcmeClient({ directoryUrl }).directory(signal), { fault: 'ca_unreachable' });
  assert.throws(() => new AcmeClient({ directoryUrl, tlsRoots: 'no PEM' }), { fault: 'configuration' });
});
