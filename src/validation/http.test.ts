/** A look at a file of http-01, as a CA would: what is said of each answer. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import {
  BODY,
  FILE,
  HOST,
  leads,
  OTHER_WEB,
  PATH,
  startWeb,
  WEB,
  type Web,
} from '../../test/support/dns/web.ts';

let web: Web;
before(async () => {
  web = await startWeb();
});
after(() => web.close());
beforeEach(() => web.reset());

const right: RequestListener = (_, response) => response.end(BODY);

test('the file is seen where every address of the host shows it, with white space at its end', async () => {
  web.sites.set(WEB, (request, response) => {
    const isAsked = request.url === PATH && request.headers.host === HOST;
    response.end(isAsked ? `${BODY}\r\n` : 'something else');
  });
  web.sites.set(OTHER_WEB, right);
  await web.lead(HOST, WEB, OTHER_WEB);
  const { isVisible, problem, seen } = await web.look();
  assert.equal(problem, undefined);
  assert.ok(isVisible);
  assert.deepEqual(
    seen.map(({ address, said }) => `${address} ${said}`),
    [`${WEB} HTTP 200`, `${OTHER_WEB} HTTP 200`],
  );
});

test('CNAMEs are followed to the addresses', async () => {
  web.sites.set(WEB, right);
  await web.shop.everyNs([[HOST, 'CNAME', 'edge.shop.test'], ...leads('edge.shop.test', WEB)]);
  assert.ok((await web.look()).isVisible);
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
    /at 127\.0\.70\.20 answers HTTP 404; serve the text "eva\S+" at http:\S+, with status 200$/,
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
    web.sites.set(WEB, site);
    const { isVisible, problem } = await web.look();
    assert.equal(isVisible, false);
    assert.match(problem ?? '', words);
  });
}

test('one of two addresses without the file is named', async () => {
  web.sites.set(WEB, right);
  web.sites.set(OTHER_WEB, (_, response) => response.writeHead(404).end());
  await web.lead(HOST, WEB, OTHER_WEB);
  assert.match((await web.look()).problem ?? '', /at 127\.0\.70\.21 answers HTTP 404/);
});

test('a host without address, or with CNAMEs that lead nowhere, is told to get one', async () => {
  await web.shop.everyNs([]);
  assert.match(
    (await web.look()).problem ?? '',
    /^www\.shop\.test has no address; create an A or AAAA record/,
  );
  await web.shop.everyNs([
    [HOST, 'CNAME', 'a.shop.test'],
    ['a.shop.test', 'CNAME', HOST],
  ]);
  assert.match((await web.look()).problem ?? '', /its CNAMEs lead nowhere; mend the DNS of www\.shop\.test/);
});

test('an IPv6 address is left to the CA where this machine is not to use IPv6', async () => {
  web.sites.set(WEB, right);
  await web.lead(HOST, '2606:4700::1111', WEB);
  assert.ok((await web.look()).isVisible);
  assert.deepEqual(web.connected, [WEB]);
});

test('a redirect is followed to another host, whose own addresses are asked', async () => {
  web.sites.set(WEB, (_, response) =>
    response.writeHead(302, { location: 'http://files.shop.test/x' }).end(),
  );
  web.sites.set(OTHER_WEB, right);
  await web.shop.everyNs([...leads(HOST, WEB), ...leads('files.shop.test', OTHER_WEB)]);
  const { isVisible, seen } = await web.look();
  assert.ok(isVisible);
  assert.deepEqual(web.connected, [WEB, OTHER_WEB]);
  assert.equal(seen[1]?.url, 'http://files.shop.test/x');
});

test('redirects in circles end', async () => {
  web.sites.set(WEB, (_, response) => response.writeHead(301, { location: FILE.url }).end());
  assert.match((await web.look()).problem ?? '', /redirects in circles/);
  let n = 0;
  web.sites.set(WEB, (_, response) => response.writeHead(301, { location: `/${n++}` }).end());
  assert.match((await web.look()).problem ?? '', /or more than 10 times/);
  assert.ok(n <= 12, `${n} requests`);
});

test('a look that is broken off rejects with the reason', async () => {
  const asking = Promise.withResolvers<void>();
  web.sites.set(WEB, () => asking.resolve());
  const stop = new AbortController();
  const looking = web.look(stop.signal);
  await asking.promise;
  stop.abort(new Error('the service ends'));
  await assert.rejects(looking, /the service ends/);
});

test('a host that sends its answer drop by drop is given up after five seconds', async () => {
  web.sites.set(WEB, (_, response) => {
    const more = setInterval(() => response.write('x'), 100);
    response.on('close', () => clearInterval(more));
  });
  const began = performance.now();
  assert.match(
    (await web.look()).problem ?? '',
    /cannot be read \(no answer in time\); let the whole Internet/,
  );
  assert.ok(performance.now() - began < 9_000);
});
