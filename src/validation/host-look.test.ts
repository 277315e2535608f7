/** Where names lead, by authoritative servers and handshakes on loopback. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { createServer } from 'node:tls';
import { type Shop, startShop } from '../../test/support/dns/shop.ts';
import { leads } from '../../test/support/dns/web.ts';
import { make, pemOf } from '../../test/support/pki.ts';
import { showLeaf } from '../edge/handshake.ts';
import { cdnOf } from './cdn.ts';
import { createHostLook } from './host-look.ts';

const HOST = 'www.shop.test';
const ASKED = { name: HOST, isInsideAsked: false };
/** Nobody listens at this port. */
const PLACES = { ours: [], publicNames: [], httpPort: 9 };
const [HERE, SILENT, BARRED] = ['127.0.70.20', '127.0.70.21', '10.9.8.7'];
const ends = new AsyncDisposableStack();
let shop: Shop;
let httpsPort = 0;
before(async () => {
  shop = await startShop();
  ends.defer(() => shop.world.close());
  const made = await make(new Date(), { hosts: [HOST], days: 30 });
  const server = createServer({ cert: made.pem, key: pemOf(made) }).listen(0, HERE);
  await once(server, 'listening');
  ends.defer(() => void server.close());
  const at = server.address();
  if (at && typeof at === 'object') httpsPort = at.port;
});
beforeEach(() => shop.reset());
after(() => ends.disposeAsync());

const look = () =>
  createHostLook({ ...shop.options(), ...PLACES, httpsPort, showLeaf })(ASKED, AbortSignal.timeout(20_000));

test('CNAMEs are followed to addresses, and each is asked for the certificate of the name', async () => {
  await shop.everyNs([[HOST, 'CNAME', 'edge.shop.test'], ...leads('edge.shop.test', HERE, SILENT, BARRED)]);
  const { names, addresses, cdn, problem } = await look();
  assert.deepEqual([names, cdn, problem], [[HOST, 'edge.shop.test'], undefined, undefined]);
  const [here, silent, barred] = [HERE, SILENT, BARRED].map((one) =>
    addresses.find(({ address }) => address === one),
  );
  assert.deepEqual(here?.certificate?.hosts, [HOST]);
  assert.match(silent?.problem ?? '', /nobody answers TLS at port/);
  assert.match(barred?.problem ?? '', /no public address, and is not connected to/);
});

test('a certificate whose end is no date is a problem of its address, and no more', async () => {
  await shop.everyNs([[HOST, 'A', HERE]]);
  const leaf = { fingerprint: 'x', issuer: '', notAfter: new Date(Number.NaN), hosts: [HOST] };
  const odd = createHostLook({ ...shop.options(), ...PLACES, httpsPort, showLeaf: async () => leaf });
  const { addresses } = await odd(ASKED, AbortSignal.timeout(20_000));
  assert.deepEqual(addresses, [
    { address: HERE, problem: 'it shows a certificate whose end cannot be read' },
  ]);
});

test('a name without an address leads nowhere, and of servers that do not answer nothing is concluded', async () => {
  await shop.everyNs([['other.shop.test', 'A', HERE]]);
  const { signs, ...seen } = await look();
  assert.deepEqual(seen, { names: [HOST], addresses: [], cdn: undefined, problem: undefined });
  assert.equal(signs?.servers.length, 2);
  await shop.everyNs([[HOST, 'CNAME', HOST]]);
  assert.match((await look()).problem ?? '', /CNAMEs lead nowhere/);
});

test('a CDN is known by its names, and where these were flattened by its networks', () => {
  assert.equal(cdnOf(['shop.test', 'shop.test.cdn.cloudflare.net'], []), 'Cloudflare');
  assert.equal(cdnOf(['shop.test'], ['2606:4700::6810:1']), 'Cloudflare');
  assert.equal(cdnOf(['shop.test'], ['192.0.2.1', '104.17.2.3']), 'Cloudflare');
  assert.equal(cdnOf(['d111.cloudfront.net'], []), 'Amazon CloudFront');
  assert.equal(cdnOf(['notcloudfront.net', 'shop.test'], ['192.0.2.1', 'x']), undefined);
});
