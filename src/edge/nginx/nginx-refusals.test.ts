import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { both, nginxNeeds, placed, shownFor, soon } from '../../../test/support/edge/given-nginx.ts';
import { type GivenServers, givenNginxServers } from '../../../test/support/edge/given-nginx-servers.ts';
import { givenPack } from '../../../test/support/edge/given-service.ts';
import { make, makeCa, pemOf } from '../../../test/support/pki.ts';
import { Fault } from '../../kit/fault.ts';
import type { EdgeInHand, PlacedPack } from '../driver.ts';

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

const refusing = (words: RegExp) => (error: unknown) =>
  error instanceof Fault && error.fault === 'edge_refused' && words.test(error.message);

test('a pack that nginx does not take is refused, and those beside it are served', needs, async () => {
  const good = await givenPack(['good.test']);
  const weak = await weakPack('weak.test');
  const refused = await edge.apply([weak, placed(good)], soon());
  assert.equal(refused.length, 1);
  assert.equal(refused[0]?.packId, weak.packId);
  assert.match(refused[0]?.why ?? '', /\[emerg\].*key too small/);
  assert.doesNotMatch(refused[0]?.why ?? '', /PRIVATE/);
  assert.deepEqual(await shownFor(edge, 'good.test', { good }), both('good'));
  assert.equal(
    given.files().some((file) => file.includes(weak.packId)),
    false,
  );
  await edge.withdraw([good.packId], soon());
});

test('a pack that nginx does not take is found also where it does not name it', needs, async () => {
  const config = readFileSync(given.nginx.config, 'utf8');
  writeFileSync(given.nginx.config, config.replace('hash_bucket_size 512', 'hash_bucket_size 64'));
  const packs = await Promise.all(
    ['a.test', 'b.test', `${'long-'.repeat(12)}.test`, 'c.test'].map((n) => givenPack([n])),
  );
  const refused = await edge.apply(
    packs.map((pack) => placed(pack)),
    soon(),
  );
  assert.deepEqual(
    refused.map(({ packId }) => packId),
    [packs[2]?.packId],
  );
  assert.match(refused[0]?.why ?? '', /server_names_hash_bucket_size/);
  assert.equal((await edge.inventory(soon())).length, 3);
  writeFileSync(given.nginx.config, config);
  await edge.withdraw(
    packs.map(({ packId }) => packId),
    soon(),
  );
});

test('what was served stays where the rest of the configuration is at fault', needs, async () => {
  const pack = await givenPack(['kept.test']);
  await edge.apply([placed(pack)], soon());
  given.setSite('no_such_directive on;');
  const next = await givenPack(['kept.test', 'more.test']);
  const apply = edge.apply([{ ...placed(next), packId: pack.packId }], soon());
  await assert.rejects(apply, refusing(/unknown directive "no_such_directive"/));
  assert.deepEqual((await edge.inventory(soon()))[0]?.names, ['kept.test']);
  assert.deepEqual(await shownFor(edge, 'kept.test', { pack, next }), both('pack'));
  given.setSite('');
  assert.deepEqual(await edge.apply([{ ...placed(next), packId: pack.packId }], soon()), []);
  assert.deepEqual(await shownFor(edge, 'more.test', { pack, next }), both('next'));
  assert.equal(readdirSync(join(given.nginx.folder, 'edge/versions')).length, 1, 'one version stays');
  await edge.withdraw([pack.packId], soon());
});

test('what cannot be loaded is taken back, and loaded by the next call', needs, async () => {
  const pack = await givenPack(['later.test']);
  const mute = await given.open({ reload: ['/bin/sh', '-c', 'echo nobody is told >&2; exit 3'] });
  await assert.rejects(mute.apply([placed(pack)], soon()), refusing(/nobody is told/));
  assert.deepEqual(await mute.inventory(soon()), []);
  await mute.close();
  edge = await given.open();
  assert.deepEqual(await edge.apply([placed(pack)], soon()), []);
  assert.deepEqual(await shownFor(edge, 'later.test', { pack }), both('pack'));
  await edge.withdraw([pack.packId], soon());
});

test('nothing of a pack means anything to nginx or in a path', needs, async () => {
  const pack = placed(await givenPack(['fine.test']));
  const { ecdsa, rsa } = pack.certificates;
  assert.ok(ecdsa && rsa);
  const odd: PlacedPack[] = [
    { ...pack, packId: '../../outside' },
    { ...pack, packId: 'n1', names: ['x.test; } server { listen 1;'] },
    { ...pack, packId: 'n2', names: ['fine.test\n'] },
    { ...pack, packId: 'n3', names: ['"x".test'] },
    { ...pack, packId: 'n4', names: [] },
    { ...pack, packId: 'n5', certificates: {} },
    { ...pack, packId: 'n6', certificates: { ecdsa: { ...ecdsa, key: rsa.key } } },
    { ...pack, packId: 'n7', certificates: { ecdsa: { ...ecdsa, key: 'pkcs11:token=t;object=k' } } },
    { ...pack, packId: 'n8', certificates: { ecdsa: { ...ecdsa, chain: 'no chain' } } },
  ];
  const count = given.reloads();
  const refused = await edge.apply(odd, soon());
  assert.deepEqual(
    refused.map(({ packId }) => packId),
    odd.map(({ packId }) => packId),
  );
  assert.equal(given.reloads(), count);
  const chain = `ssl_engine x;\n${ecdsa.chain}\n}\nserver { listen 1; }\n${ecdsa.key}`;
  assert.deepEqual(
    await edge.apply([{ ...pack, certificates: { ecdsa: { chain, key: ecdsa.key } } }], soon()),
    [],
  );
  const [file = ''] = given.files().filter((name) => name.endsWith('.pem'));
  const path = join(given.nginx.folder, 'edge/packs', file);
  assert.doesNotMatch(readFileSync(path, 'utf8'), /server|engine/);
  assert.equal(
    readFileSync(path, 'utf8').match(/PRIVATE KEY-----\n/g)?.length,
    2,
    'one key, begun and ended',
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await edge.withdraw([pack.packId], soon());
});

test('a folder that cannot be written is told, and what was served stays', needs, async () => {
  const pack = await givenPack(['nowhere.test']);
  const folder = join(given.nginx.folder, 'edge/packs');
  rmSync(folder, { recursive: true, force: true });
  writeFileSync(folder, 'in the way');
  await assert.rejects(edge.apply([placed(pack)], soon()), refusing(/cannot be written \(EEXIST|ENOTDIR\)/));
  rmSync(folder);
  assert.deepEqual(await edge.apply([placed(pack)], soon()), []);
  await edge.withdraw([pack.packId], soon());
});

/** A pack with an RSA key of 1,024 bits, which OpenSSL refuses by itself. */
async function weakPack(name: string): Promise<PlacedPack> {
  const ca = await makeCa(new Date());
  const leaf = await make(new Date(), { by: ca.intermediate, kind: 'rsa1024', hosts: [name] });
  return {
    packId: '77777777-0000-4000-8000-000000000000',
    names: [name],
    certificates: { rsa: { chain: leaf.pem + ca.intermediate.pem, key: pemOf(leaf) } },
  };
}
