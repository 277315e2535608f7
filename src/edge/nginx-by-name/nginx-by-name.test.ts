import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import { givenVersions, startEdgeClients } from '../../../test/support/edge/edge-clients.ts';
import { both, nginxNeeds, placed, shownFor, soon } from '../../../test/support/edge/given-nginx.ts';
import { type GivenByName, givenNginxByName } from '../../../test/support/edge/given-nginx-by-name.ts';
import { fingerprintIn, givenPack } from '../../../test/support/edge/given-service.ts';
import type { EdgeInHand } from '../driver.ts';
import { showLeaf } from '../handshake.ts';

const needs = nginxNeeds();
const ends = new AsyncDisposableStack();
let given: GivenByName;
let edge: EdgeInHand;
before(async () => {
  if (needs.skip !== false) return;
  given = await givenNginxByName(ends);
  edge = await given.open();
});
after(() => ends.disposeAsync());

test('nginx by name serves what is put on it by both algorithms, and nothing else', needs, async () => {
  const wild = await givenPack(['*.shop.test', 'shop.test']);
  const www = await givenPack(['www.shop.test']);
  assert.deepEqual(await edge.apply([placed(wild), placed(www)], soon()), []);
  const packs = { wild, www };
  assert.deepEqual(await shownFor(edge, 'www.shop.test', packs), both('www'));
  assert.deepEqual(await shownFor(edge, 'shop.test', packs), both('wild'));
  assert.deepEqual(await shownFor(edge, '*.shop.test', packs), both('wild'));
  for (const name of ['other.test', 'a.b.shop.test'])
    assert.deepEqual(await shownFor(edge, name, packs), both('nothing'));
  const held = await edge.inventory(soon());
  assert.deepEqual(
    held.map(({ packId }) => packId),
    [wild.packId, www.packId],
  );
  assert.equal(held[1]?.leaves.rsa, fingerprintIn(www, 'rsa'));
  await edge.withdraw([www.packId, 'unknown'], soon());
  assert.deepEqual(await shownFor(edge, 'www.shop.test', packs), both('wild'));
  assert.equal(
    given.all('packs').some((file) => file.includes(www.packId)),
    false,
    'keys go with their pack',
  );
  await edge.withdraw([wild.packId], soon());
  assert.deepEqual(await shownFor(edge, 'shop.test', packs), both('nothing'));
  assert.deepEqual(await shownFor(edge, '*.shop.test', packs), both('nothing'));
  assert.deepEqual(await edge.inventory(soon()), []);
});

test('nginx by name serves a pack of one algorithm to those who can check it', needs, async () => {
  const pack = await givenPack(['single.test']);
  const { ecdsa, rsa } = pack.certificates;
  await edge.apply([{ ...placed(pack), certificates: ecdsa ? { ecdsa } : {} }], soon());
  assert.deepEqual(await shownFor(edge, 'single.test', { pack }), { ecdsa: 'pack', rsa: 'nothing' });
  await edge.apply([{ ...placed(pack), certificates: rsa ? { rsa } : {} }], soon());
  assert.deepEqual(await shownFor(edge, 'single.test', { pack }), { ecdsa: 'nothing', rsa: 'pack' });
});

test('nginx by name shows clients without SNI what they are to be shown', needs, async () => {
  const pack = await givenPack(['default.test']);
  await edge.apply([placed(pack)], soon());
  const place = { name: 'nginx', host: '127.0.0.1', port: given.nginx.port };
  const leaf = await showLeaf(place, { name: '', algorithm: 'ecdsa' }, soon());
  assert.equal(leaf?.fingerprint, fingerprintIn(pack, 'ecdsa'));
});

test('nginx by name serves a name that two packs have by the one that was put last', needs, async () => {
  const first = await givenPack(['one.test', 'two.test', '*.two.test']);
  const second = await givenPack(['two.test', '*.two.test']);
  await edge.apply([placed(first), placed(second)], soon());
  for (const name of ['two.test', '*.two.test'])
    assert.deepEqual(await shownFor(edge, name, { first, second }), both('second'));
  await edge.withdraw([second.packId], soon());
  for (const name of ['two.test', '*.two.test'])
    assert.deepEqual(await shownFor(edge, name, { first, second }), both('first'));
  const fewer = placed(first, ['one.test']);
  await edge.apply([fewer], soon());
  for (const name of ['two.test', '*.two.test'])
    assert.deepEqual(await shownFor(edge, name, { first }), both('nothing'));
});

test('nginx by name fails no handshake while a pack changes 200 times', needs, async () => {
  const versions = await givenVersions(['swap.test'], 3);
  const put = async (i: number) => {
    const version = versions[i % versions.length];
    if (version) await edge.apply([placed(version)], soon());
  };
  await put(0);
  const clients = startEdgeClients(edge, ['swap.test'], versions);
  for (let i = 1; i <= 200; i++) await put(i);
  const { shaken, wrong, leaves } = await clients.end();
  assert.deepEqual(wrong, []);
  assert.ok(shaken > 100, `${shaken} handshakes`);
  assert.equal(leaves.size, 6, 'all versions were served, by both algorithms');
});

test('nginx by name fails no handshake while a wildcard changes', needs, async () => {
  const [first, second] = await givenVersions(['*.slow.test'], 2);
  assert.ok(first && second);
  await edge.apply([placed(first)], soon());
  const clients = startEdgeClients(edge, ['a.slow.test', 'b.slow.test'], [first, second]);
  await edge.apply([placed(second)], soon());
  const shown = await shownFor(edge, '*.slow.test', { second });
  const { wrong, leaves } = await clients.end();
  assert.deepEqual([wrong, shown, leaves.size], [[], both('second'), 4]);
});

test('no name reaches a file outside, and no request a key', needs, async () => {
  const pack = await givenPack(['guarded.test']);
  await edge.apply([placed(pack)], soon());
  const [key = ''] = given
    .all('packs')
    .filter((file) => file.includes(pack.packId) && file.endsWith('.ecdsa.pem'));
  const stem = key.replace('.ecdsa.pem', '');
  const up = ['../packs', '../../packs', '../../../packs'].map((path) => `${path}/${stem}`);
  for (const name of [
    ...up,
    `${given.folder}/packs/${stem}`,
    `gu/te/guarded.test`,
    'guarded.test/',
    '.',
    '..',
    '$certpacks_n',
  ])
    assert.deepEqual(await shownFor(edge, name, { pack }), both('nothing'), name);
  assert.equal(await statusOf('guarded.test', '/'), 403, 'a server is there');
  const below = ['/..%2f', '/%2e%2e/', '/', '//', '/.ecdsa.pem', '.ecdsa.pem'];
  for (const path of below.flatMap((start) => [start, `${start}${stem.split('/')[1]}.ecdsa.pem`]))
    assert.ok(((await statusOf('guarded.test', path)) ?? 400) >= 400, path);
});

/** Status of a request for a path, as it is written. */
function statusOf(servername: string, path: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const options = {
    host: '127.0.0.1',
    port: given.nginx.port,
    servername,
    path,
    rejectUnauthorized: false,
    agent: false,
  };
  request(options, (response) => {
    response.resume();
    resolve(response.statusCode);
  })
    .on('error', reject)
    .end();
  return promise;
}
