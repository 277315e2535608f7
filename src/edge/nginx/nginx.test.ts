import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { givenVersions, startEdgeClients } from '../../../test/support/edge/edge-clients.ts';
import { both, nginxNeeds, placed, shownFor, soon } from '../../../test/support/edge/given-nginx.ts';
import { type GivenServers, givenNginxServers } from '../../../test/support/edge/given-nginx-servers.ts';
import { fingerprintIn, givenPack } from '../../../test/support/edge/given-service.ts';
import { Fault } from '../../kit/fault.ts';
import type { EdgeInHand } from '../driver.ts';
import type { ServedPack } from '../edge.ts';

const needs = nginxNeeds();
const ends = new AsyncDisposableStack();
let given: GivenServers;
let edge: EdgeInHand;
before(async () => {
  if (needs.skip !== false) return;
  given = await givenNginxServers(ends);
  edge = await given.open();
});
after(() => ends.disposeAsync());

const inventoryOf = async (of: EdgeInHand) =>
  (await of.inventory(soon())).map(({ packId, names, leaves }) => [packId, [...names], { ...leaves }]);

const asHeld = (pack: ServedPack, names = pack.hosts) => [
  pack.packId,
  [...names],
  { ecdsa: fingerprintIn(pack, 'ecdsa'), rsa: fingerprintIn(pack, 'rsa') },
];

test('nginx serves what is put on it by both algorithms, and nothing else', needs, async () => {
  const wild = await givenPack(['*.shop.test', 'shop.test']);
  const www = await givenPack(['www.shop.test']);
  assert.deepEqual(await edge.apply([placed(wild), placed(www)], soon()), []);
  const packs = { wild, www };
  assert.deepEqual(await shownFor(edge, 'www.shop.test', packs), both('www'));
  assert.deepEqual(await shownFor(edge, 'WWW.Shop.test', packs), both('www'));
  assert.deepEqual(await shownFor(edge, 'shop.test', packs), both('wild'));
  assert.deepEqual(await shownFor(edge, '*.shop.test', packs), both('wild'));
  assert.deepEqual(await shownFor(edge, 'other.test', packs), both('nothing'));
  assert.deepEqual(await inventoryOf(edge), [asHeld(wild), asHeld(www)]);
  await edge.withdraw([www.packId, 'unknown'], soon());
  assert.deepEqual(await shownFor(edge, 'www.shop.test', packs), both('wild'));
  assert.equal(
    given.files().some((file) => file.includes(www.packId)),
    false,
    'keys go with their pack',
  );
  await edge.withdraw([wild.packId], soon());
  assert.deepEqual(await shownFor(edge, 'shop.test', packs), both('nothing'));
  assert.deepEqual(await edge.inventory(soon()), []);
});

test('nginx serves a name that two packs have by the one that was put last', needs, async () => {
  const first = await givenPack(['one.test', 'two.test']);
  const second = await givenPack(['two.test']);
  await edge.apply([placed(first)], soon());
  await edge.apply([placed(second)], soon());
  assert.deepEqual(await shownFor(edge, 'two.test', { first, second }), both('second'));
  assert.deepEqual(await inventoryOf(edge), [asHeld(first, ['one.test']), asHeld(second)]);
  await edge.withdraw([second.packId], soon());
  assert.deepEqual(await shownFor(edge, 'two.test', { first, second }), both('first'));
  await edge.withdraw([first.packId], soon());
});

test('nginx loads many changes at once, and not more often than it may', needs, async () => {
  const slow = await given.open({ gather: 0.1, reload_every: 0.5 });
  const packs = await Promise.all(Array.from({ length: 20 }, (_, i) => givenPack([`n${i}.many.test`])));
  const count = given.reloads();
  await Promise.all(packs.map((pack) => slow.apply([placed(pack)], soon())));
  assert.equal(given.reloads() - count, 1);
  await slow.apply(
    packs.slice(-1).map((pack) => placed(pack)),
    soon(),
  );
  assert.equal(given.reloads() - count, 2, 'what is put on again is loaded again');
  const begun = performance.now();
  await slow.withdraw(
    packs.map(({ packId }) => packId),
    soon(),
  );
  assert.ok(performance.now() - begun > 400, 'the next reload waits');
  assert.equal(given.reloads() - count, 3);
  await slow.close();
  edge = await given.open();
});

test('nginx fails no handshake while it loads its files anew', needs, async () => {
  const versions = await givenVersions(['swap.test'], 2);
  const [first] = versions;
  assert.ok(first);
  await edge.apply([placed(first)], soon());
  const clients = startEdgeClients(edge, ['swap.test'], versions);
  for (let i = 1; i <= 4; i++) {
    const version = versions[i % 2] ?? first;
    await edge.apply([placed(version)], soon());
    const shown = await shownFor(edge, 'swap.test', { version });
    assert.deepEqual(shown, both('version'), 'what was put is shown once it is put');
  }
  const { wrong, leaves } = await clients.end();
  assert.deepEqual([wrong, leaves.size], [[], 4]);
  await edge.withdraw([first.packId], soon());
});

test('a change that is aborted before its reload is not made', needs, async () => {
  const slow = await given.open({ gather: 0.3 });
  const pack = await givenPack(['never.test']);
  await assert.rejects(slow.apply([placed(pack)], AbortSignal.timeout(20)), { name: 'TimeoutError' });
  assert.deepEqual(await slow.inventory(soon()), []);
  await slow.close();
  edge = await given.open();
});

test('an nginx that starts has what was put on, also what came while it was away', needs, async () => {
  const pack = await givenPack(['stays.test']);
  const later = await givenPack(['meanwhile.test']);
  await edge.apply([placed(pack)], soon());
  await given.nginx.kill();
  const apply = edge.apply([placed(later)], soon());
  await assert.rejects(apply, (error) => error instanceof Fault && error.fault === 'edge_unreachable');
  await given.nginx.start();
  assert.deepEqual(await shownFor(edge, 'stays.test', { pack }), both('pack'));
  assert.deepEqual(await shownFor(edge, 'meanwhile.test', { later }), both('later'));
  assert.deepEqual(await edge.apply([placed(later)], soon()), []);
  const again = await given.open();
  assert.deepEqual(await inventoryOf(again), [asHeld(pack), asHeld(later)]);
  await again.withdraw([pack.packId, later.packId], soon());
  edge = await given.open();
});

test('a driver that was killed amid a change goes back to what nginx took', needs, async () => {
  const pack = await givenPack(['solid.test']);
  await edge.apply([placed(pack)], soon());
  const folder = join(given.nginx.folder, 'edge');
  const [version = ''] = readdirSync(join(folder, 'versions'));
  cpSync(join(folder, 'versions', version), join(folder, 'versions/900'), { recursive: true });
  rmSync(join(folder, 'versions/900/tested'));
  writeFileSync(join(folder, 'versions/900/servers.conf'), 'half a li');
  rmSync(join(folder, 'current'));
  symlinkSync('versions/900', join(folder, 'current'));
  edge = await given.open();
  assert.deepEqual(await inventoryOf(edge), [asHeld(pack)]);
  assert.match(readFileSync(join(folder, 'current/servers.conf'), 'utf8'), /solid\.test/);
  assert.equal(existsSync(join(folder, 'versions/900')), false);
  await edge.withdraw([pack.packId], soon());
});
