/** A look over HTTP opens no connection to an address that is not public, however a host or a redirect names it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { BODY, HOST, leads, startWeb, WEB, type Web } from '../../test/support/dns/web.ts';

let web: Web;
before(async () => {
  web = await startWeb();
});
after(() => web.close());
beforeEach(() => web.reset());

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
    web.sites.set(WEB, (request) =>
      request.socket.end(
        `HTTP/1.1 302 Found\r\nLocation: ${Buffer.from(location).toString('latin1')}\r\n\r\n`,
      ),
    );
    await web.shop.everyNs([...leads(HOST, WEB), ...leads('inner.shop.test', '127.0.0.1')]);
    const { isVisible, problem } = await web.look();
    assert.equal(isVisible, false);
    assert.match(problem ?? '', words);
    assert.deepEqual(web.connected, [WEB]);
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
    await web.lead(HOST, address);
    const { isVisible, problem } = await web.look();
    assert.equal(isVisible, false);
    assert.match(
      problem ?? '',
      /which is not a public address, so no CA can reach it; lead www\.shop\.test to/,
    );
    assert.deepEqual(web.connected, []);
  });
}

test('a public address beside one that is not is not asked either', async () => {
  web.sites.set(WEB, (_, response) => response.end(BODY));
  await web.lead(HOST, WEB, '10.0.0.1');
  assert.match((await web.look()).problem ?? '', /leads to 10\.0\.0\.1/);
  assert.deepEqual(web.connected, []);
});

test('a name that changes its address after it was looked up is asked at the address that was checked', async () => {
  let n = 0;
  const asked = Promise.withResolvers<void>();
  web.sites.set(WEB, (_, response) => {
    asked.resolve();
    response.writeHead(302, { location: `/${n++}` }).end();
  });
  const looking = web.look();
  await asked.promise;
  await web.lead(HOST, '127.0.0.1');
  const { problem } = await looking;
  assert.match(problem ?? '', /leads to 127\.0\.0\.1|in circles or more than/);
  assert.ok(!web.connected.includes('127.0.0.1'), web.connected.join());
});
