/** A look at a file of http-01, as a CA would: what is said of each answer, and where no connection may go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import type { Line } from './dns/world.test-support.ts';
import { createLookAtHttp } from './http.ts';
import { type Shop, startShop } from './shop.test-support.ts';
import type { HttpLook } from './validation.ts';

const HOST = 'www.shop.test';
const BODY = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI';
const PATH = '/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA';
const FILE = { url: `http://${HOST}${PATH}`, body: BODY };
const WEB = '127.0.70.20';
const OTHER_WEB = '127.0.70.21';

let shop: Shop;
let port = 0;
const servers: Server[] = [];
/** What each address answers, and who connected to it. */
const sites = new Map<string, RequestListener>();
let connected: string[] = [];

const right: RequestListener = (_, response) => response.end(BODY);

/** Listens on an address at the port of all; every connection is counted. */
async function listen(address: string): Promise<void> {
  const server = createServer((request, response) => sites.get(address)?.(request, response));
  server.on('connection', () => connected.push(address));
  server.listen(port, address);
  await once(server, 'listening');
  const at = server.address();
  if (typeof at === 'object' && at) ({ port } = at);
  servers.push(server);
}

before(async () => {
  shop = await startShop();
  // All of loopback, and so whatever a redirect may name: only what goes where it may not is heard here.
  for (const address of [WEB, OTHER_WEB, '127.0.0.1']) await listen(address);
});
after(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await shop.world.close();
});
beforeEach(async () => {
  await shop.reset();
  sites.clear();
  connected = [];
  await lead(HOST, WEB);
});

const leads = (name: string, ...addresses: string[]): Line[] =>
  addresses.map((address) => [name, address.includes(':') ? 'AAAA' : 'A', address]);
const lead = (name: string, ...addresses: string[]) => shop.everyNs(leads(name, ...addresses));

/** The DNS of the scene is on loopback; of the web, only these two addresses may be asked. */
const ALLOW = ['127.0.70.0/28', `${WEB}/32`, `${OTHER_WEB}/32`];

const look = (signal = AbortSignal.timeout(20_000), allow = ALLOW): Promise<HttpLook> =>
  createLookAtHttp({ ...shop.options(), allow, httpPort: port, httpsPort: port })(FILE, signal);

test('the file is seen where every address of the host shows it, with white space at its end', async () => {
  sites.set(WEB, (request, response) => {
    const isAsked = request.url === PATH && request.headers.host === HOST;
    response.end(isAsked ? `${BODY}\r\n` : 'something else');
  });
  sites.set(OTHER_WEB, right);
  await lead(HOST, WEB, OTHER_WEB);
  const { isVisible, problem, seen } = await look();
  assert.equal(problem, undefined);
  assert.ok(isVisible);
  assert.deepEqual(
    seen.map(({ address, said }) => `${address} ${said}`),
    [`${WEB} HTTP 200`, `${OTHER_WEB} HTTP 200`],
  );
});

test('CNAMEs are followed to the addresses', async () => {
  sites.set(WEB, right);
  await shop.everyNs([[HOST, 'CNAME', 'edge.shop.test'], ...leads('edge.shop.test', WEB)]);
  assert.ok((await look()).isVisible);
});

const wrong: readonly (readonly [name: string, site: RequestListener, words: RegExp])[] = [
  [
    'another text',
    (_, response) => response.end('hello\u0000'),
    /^http:\/\/www\.shop\.test\/\S+ at 127\.0\.70\.20 shows "hello\\000"; serve the text "eva/,
  ],
  [
    'no such file',
    (_, response) => response.writeHead(404).end(),
    /at 127\.0\.70\.20 answers HTTP 404; serve the text "eva\S+" there, with status 200$/,
  ],
  ['a long text', (_, response) => response.end(BODY + 'x'.repeat(2_000)), /answers with more than 1 KiB/],
  [
    'an endless text',
    (_, response) => {
      const more = setInterval(() => response.write('x'.repeat(400)), 5);
      response.on('close', () => clearInterval(more));
    },
    /answers with more than 1 KiB/,
  ],
  [
    'no HTTP',
    (request) => request.socket.end('220 mail.example ESMTP\r\n'),
    /cannot be read \(HPE_\w+\); let/,
  ],
  [
    'no answer',
    (request) => request.socket.destroy(),
    /cannot be read \(ECONNRESET\); let the whole Internet/,
  ],
  [
    'headers without end',
    (_, response) => response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end(),
    /cannot be read \(HPE_HEADER_OVERFLOW\)/,
  ],
];
for (const [name, site, words] of wrong) {
  test(`a host that answers with ${name} is told what was seen, where, and what to do`, async () => {
    sites.set(WEB, site);
    const { isVisible, problem } = await look();
    assert.equal(isVisible, false);
    assert.match(problem ?? '', words);
  });
}

test('one of two addresses without the file is named', async () => {
  sites.set(WEB, right);
  sites.set(OTHER_WEB, (_, response) => response.writeHead(404).end());
  await lead(HOST, WEB, OTHER_WEB);
  assert.match((await look()).problem ?? '', /at 127\.0\.70\.21 answers HTTP 404/);
});

test('a host without address, or with CNAMEs that lead nowhere, is told to get one', async () => {
  await shop.everyNs([]);
  assert.match((await look()).problem ?? '', /^www\.shop\.test has no address; create an A or AAAA record/);
  await shop.everyNs([
    [HOST, 'CNAME', 'a.shop.test'],
    ['a.shop.test', 'CNAME', HOST],
  ]);
  assert.match((await look()).problem ?? '', /its CNAMEs lead nowhere; mend the DNS of www\.shop\.test/);
});

test('a redirect is followed to another host, whose own addresses are asked', async () => {
  sites.set(WEB, (_, response) => response.writeHead(302, { location: 'http://files.shop.test/x' }).end());
  sites.set(OTHER_WEB, right);
  await shop.everyNs([...leads(HOST, WEB), ...leads('files.shop.test', OTHER_WEB)]);
  const { isVisible, seen } = await look();
  assert.ok(isVisible);
  assert.deepEqual(connected, [WEB, OTHER_WEB]);
  assert.equal(seen[1]?.url, 'http://files.shop.test/x');
});

test('redirects in circles end', async () => {
  sites.set(WEB, (_, response) => response.writeHead(301, { location: FILE.url }).end());
  assert.match((await look()).problem ?? '', /redirects in circles/);
  let n = 0;
  sites.set(WEB, (_, response) => response.writeHead(301, { location: `/${n++}` }).end());
  assert.match((await look()).problem ?? '', /or more than 10 times/);
  assert.ok(n <= 12, `${n} requests`);
});

const TARGETS: readonly (readonly [location: string, words: RegExp])[] = [
  ['http://127.0.0.1/x', /which is an address/],
  ['http://2130706433/x', /which is an address/],
  ['http://0x7f.1/x', /which is an address/],
  ['http://017700000001/x', /which is an address/],
  ['http://127.1/x', /which is an address/],
  ['http://[::1]/x', /which is an address/],
  ['http://[::ffff:127.0.0.1]/x', /which is an address/],
  ['http://[64:ff9b::7f00:1]/x', /which is an address/],
  ['http://１２７.０.０.１/x', /which is no URL/],
  ['http://%31%32%37.0.0.1/x', /which is an address/],
  ['http://169.254.169.254/latest/meta-data/', /which is an address/],
  ['http://localhost/x', /localhost/],
  ['http://inner.shop.test:22/x', /at another port/],
  ['https://inner.shop.test:80/x', /at another port/],
  ['http://root:secret@inner.shop.test/x', /holds a password/],
  ['ftp://inner.shop.test/x', /neither http nor https/],
  ['file:///etc/passwd', /neither http nor https/],
  ['gopher://inner.shop.test/x', /neither http nor https/],
  ['http://inner.shop.test/x', /leads to 127\.0\.0\.1, which is not a public address/],
  ['https://inner.shop.test/x', /leads to 127\.0\.0\.1, which is not a public address/],
  ['//inner.shop.test/x', /leads to 127\.0\.0\.1, which is not a public address/],
];
for (const [location, words] of TARGETS) {
  test(`a redirect to ${location} opens no connection`, async () => {
    // As bytes: the machine's own HTTP refuses to send some of these.
    sites.set(WEB, (request) =>
      request.socket.end(
        `HTTP/1.1 302 Found\r\nLocation: ${Buffer.from(location).toString('latin1')}\r\n\r\n`,
      ),
    );
    await shop.everyNs([...leads(HOST, WEB), ...leads('inner.shop.test', '127.0.0.1')]);
    const { isVisible, problem } = await look();
    assert.equal(isVisible, false);
    assert.match(problem ?? '', words);
    assert.deepEqual(connected, [WEB]);
  });
}

/** One address of each network that is not public, and of each way to write one in another (RFC 6890). */
const PRIVATE = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::1',
  'fc00::1',
  'fd12:3456:789a::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
];
for (const address of PRIVATE) {
  test(`a host that leads to ${address} opens no connection`, async () => {
    await lead(HOST, address);
    const { isVisible, problem } = await look();
    assert.equal(isVisible, false);
    assert.match(
      problem ?? '',
      /which is not a public address, so no CA can reach it; lead www\.shop\.test to/,
    );
    assert.deepEqual(connected, []);
  });
}

test('a public address beside one that is not is not asked either', async () => {
  sites.set(WEB, right);
  await lead(HOST, WEB, '10.0.0.1');
  assert.match((await look()).problem ?? '', /leads to 10\.0\.0\.1/);
  assert.deepEqual(connected, []);
});

test('a name that changes its address after it was looked up is asked at the address that was checked', async () => {
  let n = 0;
  sites.set(WEB, (_, response) => response.writeHead(302, { location: `/${n++}` }).end());
  const looking = look();
  while (n === 0) await new Promise((resolve) => setImmediate(resolve));
  await lead(HOST, '127.0.0.1');
  const { problem } = await looking;
  assert.match(problem ?? '', /leads to 127\.0\.0\.1|in circles or more than/);
  assert.ok(!connected.includes('127.0.0.1'), connected.join());
});

test('a look that is broken off rejects with the reason', async () => {
  const asking = Promise.withResolvers<void>();
  sites.set(WEB, () => asking.resolve());
  const stop = new AbortController();
  const looking = look(stop.signal);
  await asking.promise;
  stop.abort(new Error('the service ends'));
  await assert.rejects(looking, /the service ends/);
});

test('a host that sends its answer drop by drop is given up after five seconds', async () => {
  sites.set(WEB, (_, response) => {
    const more = setInterval(() => response.write('x'), 100);
    response.on('close', () => clearInterval(more));
  });
  const began = performance.now();
  assert.match((await look()).problem ?? '', /cannot be read \(no answer in time\); let the whole Internet/);
  assert.ok(performance.now() - began < 9_000);
});
