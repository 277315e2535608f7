/** What of the operator's stops working is told once, and once when it works again. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { type Exchanged, Http } from '../acme/http.ts';
import { showLeaf } from '../edge/handshake.ts';
import { Fault } from '../kit/fault.ts';
import { Troubles } from '../kit/troubles.ts';
import { hearExchange, hearHandshakes, hearLooks, hearPublishers } from './tell-troubles.ts';

const { signal } = new AbortController();

function given() {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const troubles = new Troubles(log);
  const told = () => {
    assert(lines.every(({ level }) => level === 40));
    return lines.map(({ msg }) => msg);
  };
  return { troubles, told };
}

/** What no test here is about. */
const DIRECTORY = { endpoint: 'directory' };
const TOOK = { ...DIRECTORY, seconds: 1 };

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function givenCa(t: TestContext) {
  const { troubles, told } = given();
  let status = 200;
  const start = () => createServer((_, response) => response.writeHead(status).end('{}'));
  let server = start();
  const port = await listen(server);
  t.after(() => server.close());
  const http = new Http({
    mostSockets: 1,
    within: 1,
    mayUsePlainHttp: true,
    onExchange: (seen) => hearExchange(troubles)('google', seen),
  });
  const ask = () =>
    http
      .send(
        { ...DIRECTORY, method: 'GET', url: `http://127.0.0.1:${port}/directory`, mostBytes: 1_000 },
        signal,
      )
      .catch(() => undefined);
  const away = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  const back = async () => {
    server = start();
    await listen(server, port);
  };
  const answer = (code: number) => {
    status = code;
  };
  return { ask, away, back, answer, told, troubles };
}

test('a CA that is away is told once, with why, and once when it is back', async (t) => {
  const { ask, away, back, told, troubles } = await givenCa(t);
  await ask();
  assert.deepEqual(told(), []);
  await away();
  for (let i = 0; i < 5; i++) await ask();
  assert.equal(told().length, 1);
  assert.match(told()[0] ?? '', /^the CA google does not work: .*nobody listens there \(ECONNREFUSED\)/);
  assert.equal(troubles.list().length, 1);
  await back();
  for (let i = 0; i < 3; i++) await ask();
  assert.deepEqual(told().slice(1), ['the CA google works again']);
  assert.deepEqual(troubles.list(), []);
});

test('a CA that answers with errors of its own is told, and not one that refuses', async (t) => {
  const { ask, answer, told } = await givenCa(t);
  answer(403);
  await ask();
  assert.deepEqual(told(), []);
  answer(503);
  for (let i = 0; i < 3; i++) await ask();
  assert.deepEqual(told(), ['the CA google does not work: it answers HTTP 503']);
});

test('an exchange that we broke off ourselves says nothing of a CA', () => {
  const { troubles, told } = given();
  hearExchange(troubles)('google', { status: undefined, ...TOOK });
  assert.deepEqual(told(), []);
});

const againIn = (code: string) =>
  new Fault('ca_unreachable', 'words', { cause: Object.assign(new Error('x'), { code }) });

test('a resolver of this machine that does not answer is told as DNS, once for all that it is asked for', () => {
  const { troubles, told } = given();
  const hear = hearExchange(troubles);
  hear('google', { status: undefined, ...TOOK, problem: againIn('EAI_AGAIN') });
  hear('ssl_com', { status: undefined, ...TOOK, problem: againIn('EAI_AGAIN') });
  assert.equal(
    told().filter((msg) => msg.startsWith('DNS (resolver of this machine) does not work')).length,
    1,
  );
  hear('google', { status: 200, ...TOOK });
  assert(told().includes('DNS (resolver of this machine) works again'));
});

for (const [code, words] of [
  ['EAI_AGAIN', /DNS resolver of this machine does not answer \(EAI_AGAIN\)/],
  ['ENOTFOUND', /DNS knows no such name \(ENOTFOUND\)/],
] as const)
  test(`a CA whose name cannot be looked up (${code}) is told with the word DNS`, async (t) => {
    const { troubles, told } = given();
    // As a resolver of the system says it.
    t.mock.method(dns, 'lookup', (_name: string, _options: object, done: (error: Error) => void) =>
      done(Object.assign(new Error(`getaddrinfo ${code} ca.example`), { code, syscall: 'getaddrinfo' })),
    );
    const onExchange = (seen: Exchanged) => hearExchange(troubles)('google', seen);
    const http = new Http({ mostSockets: 1, within: 1, mayUsePlainHttp: false, onExchange });
    const asked = http.send(
      { ...DIRECTORY, method: 'GET', url: 'https://ca.example/', mostBytes: 1_000 },
      signal,
    );
    await assert.rejects(asked, words);
    assert.match(told().join('\n'), words);
  });

test('an edge that is away is told once, and once when it is back', async () => {
  const { troubles, told } = given();
  const edge = {
    name: 'edge-1',
    kind: 'bundled',
    environment: 'production',
    host: '127.0.0.1',
    port: 9,
  } as const;
  const ask = { name: 'a.test', algorithm: 'ecdsa' } as const;
  const show = hearHandshakes(troubles, showLeaf);
  for (let i = 0; i < 3; i++) await assert.rejects(show(edge, ask, signal));
  assert.equal(told().length, 1);
  assert.match(told()[0] ?? '', /^the edge edge-1 does not work: .*ECONNREFUSED/);
  await hearHandshakes(troubles, async () => undefined)(edge, ask, signal);
  assert.deepEqual(told().slice(1), ['the edge edge-1 works again']);
});

test('an edge whose name cannot be looked up is told with the word DNS', async () => {
  const { troubles, told } = given();
  const fails = hearHandshakes(troubles, () => Promise.reject(againIn('EAI_AGAIN')));
  const edge = { name: 'edge-1', kind: 'bundled', host: 'edge.example', port: 443 } as const;
  await assert.rejects(
    fails(edge, { name: 'a.test', algorithm: 'rsa' }, signal),
    /DNS resolver of this machine/,
  );
  assert.equal(told().length, 2, 'the resolver, and the edge');
});

test('looks that reach no root server are told once, and no customer’s server is', async () => {
  const { troubles, told } = given();
  const record = { txtName: '_acme-challenge.a.test', txtValue: 'x' };
  const look = (server: string, answer: 'unreachable' | 'no_record') =>
    hearLooks(troubles, async () => ({
      ...record,
      isVisible: false,
      seen: [{ server, name: record.txtName, answer, values: [] }],
    }))(record, signal);
  await look('ns1.a.test (192.0.2.1)', 'unreachable');
  assert.deepEqual(told(), []);
  await look('root (198.41.0.4)', 'unreachable');
  await look('root (198.41.0.4)', 'unreachable');
  await look('ns1.a.test (192.0.2.1)', 'no_record');
  assert.equal(told().length, 2);
  assert.match(told()[0] ?? '', /^DNS \(look-ups from the root\) does not work: no root server answers/);
});

test('a name server that takes no dynamic updates is told once', async () => {
  const { troubles, told } = given();
  let isAway = true;
  const work = () =>
    isAway ? Promise.reject(new Fault('dns_unreachable', '192.0.2.53 does not answer')) : Promise.resolve();
  const publisher = hearPublishers(troubles, new Map([['a.test', { add: work, remove: work }]])).get(
    'a.test',
  );
  for (let i = 0; i < 3; i++) await assert.rejects(publisher?.add([], signal) ?? Promise.resolve());
  isAway = false;
  await publisher?.remove([], signal);
  assert.deepEqual(told(), [
    'DNS (dynamic updates of a.test) does not work: 192.0.2.53 does not answer',
    'DNS (dynamic updates of a.test) works again',
  ]);
});
