import assert from 'node:assert/strict';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { systemClock } from '../../src/kit/clock.ts';
import { amend } from '../../src/operation/advance.ts';
import { withLockedPack } from '../../src/operation/locked-pack.ts';
import { createToken } from '../../src/store/tokens.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { until } from '../support/world.ts';

const ends = new AsyncDisposableStack();
let service: TestService;
let zone: string;
let pack: string;
before(async () => {
  service = await startTestService(ends);
  zone = (await service.client.zones.create({ account: { id: service.accountId }, name: 'list.test' })).id;
  for (const host of ['a.list.test', 'b.list.test', 'c.list.test'])
    pack = (await service.client.ssl.certificatePacks.create({ ...ORDER, zone_id: zone, hosts: [host] })).id;
  await until(
    () => service.client.ssl.certificatePacks.list({ zone_id: zone }),
    ({ result }) => result.length === 3,
  );
});
after(() => ends.disposeAsync());

const ORDER = {
  type: 'advanced',
  certificate_authority: 'lets_encrypt',
  validation_method: 'txt',
  validity_days: 90,
} as const;

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A request as it is written, with an answer as it comes: no client between that decompresses or keeps. */
function ask(
  path: string,
  { method = 'GET', token = service.client.apiToken, headers = {} } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const url = `${service.client.baseURL}/zones/${zone}/ssl/certificate_packs${path}`;
  const sent = request(
    url,
    { method, headers: { authorization: `Bearer ${token}`, ...headers }, timeout: 10_000 },
    (answer) => {
      const { statusCode: status } = answer;
      buffer(answer).then((body) => resolve({ status, headers: answer.headers, body }), reject);
    },
  );
  sent.on('error', reject);
  sent.end();
  return promise;
}

const packsIn = ({ body }: Answer): { id: string; validation_errors: { message: string }[] }[] =>
  JSON.parse(body.toString()).result;

/** A change of the pack that shows, and after which nothing is to be done. */
const change = (said: string) =>
  withLockedPack(service.pool, { zoneId: zone, id: pack }, (tx, found) =>
    amend(tx, deps, found, { validationErrors: [said] }),
  );
const deps = {
  clock: systemClock(),
  json: { delegationZone: 'dcv.certpacks.test' },
  brandingDomain: '',
};

test('the list shows every change in the next answer, though its page is in the cache', async () => {
  const all = '?status=all&per_page=50';
  for (let i = 0; i < 30; i++) {
    const said = `c.list.test: change ${i}; nothing to do`;
    await change(said);
    for (let again = 0; again < 3; again++) {
      const shown = packsIn(await ask(all)).find(({ id }) => id === pack);
      assert.deepEqual(shown?.validation_errors, [{ message: said }]);
    }
  }
});

test('the list is not sent again to who has it, and is when it changed', async () => {
  const first = await ask('');
  const etag = String(first.headers['etag']);
  const same = await ask('', { headers: { 'if-none-match': etag } });
  assert.deepEqual([same.status, same.body.length, same.headers['etag']], [304, 0, etag]);
  assert.equal((await ask('', { headers: { 'if-none-match': `"other", W/${etag}` } })).status, 304);
  await change('c.list.test: another change; nothing to do');
  const changed = await ask('', { headers: { 'if-none-match': etag } });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers['etag'], etag);
});

test('the list answers HEAD with the headers of GET and no body', async () => {
  const [head, got] = [await ask('', { method: 'HEAD' }), await ask('')];
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
  for (const name of ['etag', 'content-length', 'content-type', 'vary', 'cache-control'])
    assert.equal(head.headers[name], got.headers[name]);
  assert.equal(Number(head.headers['content-length']), got.body.length);
});

test('the list is compressed for who asks, under a validator of its own', async () => {
  const plain = await ask('?per_page=5');
  await ask('?per_page=5');
  const OPEN = { br: brotliDecompressSync, gzip: gunzipSync };
  for (const [coding, open] of Object.entries(OPEN)) {
    const coded = await ask('?per_page=5', { headers: { 'accept-encoding': coding } });
    assert.equal(coded.headers['content-encoding'], coding);
    assert(coded.body.length < plain.body.length / 2);
    assert.deepEqual(open(coded.body), plain.body);
    const etag = String(coded.headers['etag']);
    assert.notEqual(etag, plain.headers['etag']);
    const again = { 'accept-encoding': coding, 'if-none-match': etag };
    assert.equal((await ask('?per_page=5', { headers: again })).status, 304);
  }
});

test('the list asks for the token each time: one that is revoked gets no page from the cache', async () => {
  const asked = { accountId: service.accountId, name: 'short', access: 'read' as const };
  const token = await createToken(service.pool, asked, new Date());
  for (let i = 0; i < 3; i++) assert.equal((await ask('', { token })).status, 200);
  await service.pool.query(`delete from tokens where name = 'short'`);
  assert.equal((await ask('', { token })).status, 401);
});

test('the list renders a row again that an older version rendered, once', async () => {
  await service.pool.query(`update packs set wire = '{"old":true}', wire_version = 0`);
  assert.equal(packsIn(await ask('?per_page=49')).length, 3);
  assert(packsIn(await ask('?per_page=49')).every(({ id }) => typeof id === 'string'));
  const { rows } = await service.pool.query('select from packs where wire_version = 0');
  assert.deepEqual(rows, []);
});
