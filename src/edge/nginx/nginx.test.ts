import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startEdgeClients } from '../../../test/support/edge/edge-clients.ts';
import {
  both,
  driverDeps,
  exampleText,
  type GivenNginx,
  givenNginx,
  nginxNeeds,
  placed,
  shownFor,
  soon,
} from '../../../test/support/edge/given-nginx.ts';
import { fingerprintIn, givenPack } from '../../../test/support/edge/given-service.ts';
import { make, makeCa, pemOf } from '../../../test/support/pki.ts';
import { Fault } from '../../kit/fault.ts';
import type { EdgeInHand, PlacedPack } from '../driver.ts';
import type { ServedPack } from '../edge.ts';
import { nginxDriver } from './nginx.ts';

const needs = nginxNeeds();
const ends = new AsyncDisposableStack();
let nginx: GivenNginx;
let edge: EdgeInHand;
/** One more line for the part of every server block that is the operator's. */
let setSite: (line: string) => void;

before(async () => {
  if (needs.skip !== false) return;
  nginx = await givenNginx(ends, (folder, port) =>
    exampleText('nginx/nginx.conf', {
      'user www-data;\n': '',
      'worker_processes auto': 'worker_processes 2',
      '/run/nginx.pid': join(folder, 'nginx.pid'),
      '/var/log/nginx/error.log': `${join(folder, 'error.log')} notice`,
      '/var/lib/certpacks/nginx/': `${join(folder, 'edge')}/`,
      'listen 443': `listen 127.0.0.1:${port}`,
    }),
  );
  const site = exampleText('nginx/certpacks-site.conf', { 'proxy_pass http://127.0.0.1:8080': 'return 200' });
  setSite = (line) => writeFileSync(join(nginx.folder, 'site.conf'), `${site}\n${line}\n`);
  setSite('');
  await nginx.start();
  edge = await open();
});
after(() => ends.disposeAsync());

async function open(options: Readonly<Record<string, unknown>> = {}): Promise<EdgeInHand> {
  const all = {
    config: nginx.config,
    pid: nginx.pid,
    include: join(nginx.folder, 'site.conf'),
    listen: [`127.0.0.1:${nginx.port} ssl`],
    reload_every: 0,
    gather: 0.02,
    patience: 10,
    ...options,
  };
  const opened = await nginxDriver.open(all, driverDeps(join(nginx.folder, 'edge'), nginx.port));
  ends.defer(() => opened.close());
  return opened;
}

const reloads = (): number => nginx.errors().match(/signal 1 \(SIGHUP\) received/g)?.length ?? 0;

const inventoryOf = async (of: EdgeInHand) =>
  (await of.inventory(soon())).map(({ packId, names, leaves }) => [packId, [...names], { ...leaves }]);

const asHeld = (pack: ServedPack, names = pack.hosts) => [
  pack.packId,
  [...names],
  { ecdsa: fingerprintIn(pack, 'ecdsa'), rsa: fingerprintIn(pack, 'rsa') },
];

const files = (): string[] => readdirSync(join(nginx.folder, 'edge/packs'), { recursive: true }).map(String);

const refusing = (words: RegExp) => (error: unknown) =>
  error instanceof Fault && error.fault === 'edge_refused' && words.test(error.message);

describe('nginx with a server block a pack', needs, () => {
  it('serves what is put on it by both algorithms, exact names before wildcards, and nothing else', async () => {
    const wild = await givenPack(['*.shop.test', 'shop.test']);
    const www = await givenPack(['www.shop.test']);
    assert.deepEqual(await edge.apply([placed(wild), placed(www)], soon()), []);
    const packs = { wild, www };
    assert.deepEqual(await shownFor(edge, 'www.shop.test', packs), both('www'));
    assert.deepEqual(await shownFor(edge, 'shop.test', packs), both('wild'));
    assert.deepEqual(await shownFor(edge, '*.shop.test', packs), both('wild'));
    assert.deepEqual(await shownFor(edge, 'other.test', packs), both('nothing'));
    assert.deepEqual(await inventoryOf(edge), [asHeld(wild), asHeld(www)]);
    await edge.withdraw([www.packId, 'unknown'], soon());
    assert.deepEqual(await shownFor(edge, 'www.shop.test', packs), both('wild'));
    assert.equal(
      files().some((file) => file.includes(www.packId)),
      false,
      'keys go with their pack',
    );
    await edge.withdraw([wild.packId], soon());
    assert.deepEqual(await shownFor(edge, 'shop.test', packs), both('nothing'));
    assert.deepEqual(await edge.inventory(soon()), []);
  });

  it('has a name served by the pack that was put last, and by the other again when that goes', async () => {
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

  it('loads many changes at once, and not more often than it may', async () => {
    const slow = await open({ gather: 0.1, reload_every: 0.5 });
    const packs = await Promise.all(Array.from({ length: 20 }, (_, i) => givenPack([`n${i}.many.test`])));
    const count = reloads();
    await Promise.all(packs.map((pack) => slow.apply([placed(pack)], soon())));
    assert.equal(reloads() - count, 1);
    const begun = performance.now();
    await slow.withdraw(
      packs.map(({ packId }) => packId),
      soon(),
    );
    assert.ok(performance.now() - begun > 400, 'the next reload waits');
    assert.equal(reloads() - count, 2);
    await slow.close();
    edge = await open();
  });

  it('fails no handshake while it loads anew', async () => {
    const first = await givenPack(['swap.test']);
    const versions = [first, { ...(await givenPack(['swap.test'])), packId: first.packId }];
    await edge.apply([placed(first)], soon());
    const clients = startEdgeClients(edge, ['swap.test'], versions);
    for (let i = 1; i <= 6; i++) {
      const version = versions[i % 2] ?? first;
      await edge.apply([placed(version)], soon());
      const shown = await shownFor(edge, 'swap.test', { version });
      assert.deepEqual(shown, both('version'), 'what was put is shown once it is put');
    }
    const { wrong, leaves } = await clients.end();
    assert.deepEqual([wrong, leaves.size], [[], 4]);
    await edge.withdraw([first.packId], soon());
  });

  it('leaves a change out that is aborted before its reload', async () => {
    const slow = await open({ gather: 0.3 });
    const pack = await givenPack(['never.test']);
    await assert.rejects(slow.apply([placed(pack)], AbortSignal.timeout(20)), { name: 'TimeoutError' });
    assert.deepEqual(await slow.inventory(soon()), []);
    await slow.close();
    edge = await open();
  });
});

describe('what nginx does not take', needs, () => {
  it('is refused with what nginx says, and the packs beside it are served', async () => {
    const good = await givenPack(['good.test']);
    const weak = await weakPack('weak.test');
    const refused = await edge.apply([weak, placed(good)], soon());
    assert.equal(refused.length, 1);
    assert.equal(refused[0]?.packId, weak.packId);
    assert.match(refused[0]?.why ?? '', /\[emerg\].*key too small/);
    assert.doesNotMatch(refused[0]?.why ?? '', /PRIVATE/);
    assert.deepEqual(await shownFor(edge, 'good.test', { good }), both('good'));
    assert.equal(
      files().some((file) => file.includes(weak.packId)),
      false,
    );
    await edge.withdraw([good.packId], soon());
  });

  it('is found also where nginx does not name it', async () => {
    const config = readFileSync(nginx.config, 'utf8');
    writeFileSync(nginx.config, config.replace('hash_bucket_size 512', 'hash_bucket_size 64'));
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
    writeFileSync(nginx.config, config);
    await edge.withdraw(
      packs.map(({ packId }) => packId),
      soon(),
    );
  });

  it('is taken back where the fault is the operator’s, and what was served stays', async () => {
    const pack = await givenPack(['kept.test']);
    await edge.apply([placed(pack)], soon());
    setSite('no_such_directive on;');
    const next = await givenPack(['kept.test', 'more.test']);
    const apply = edge.apply([{ ...placed(next), packId: pack.packId }], soon());
    await assert.rejects(apply, refusing(/unknown directive "no_such_directive"/));
    assert.deepEqual(await inventoryOf(edge), [asHeld(pack)]);
    assert.deepEqual(await shownFor(edge, 'kept.test', { pack, next }), both('pack'));
    setSite('');
    assert.deepEqual(await edge.apply([{ ...placed(next), packId: pack.packId }], soon()), []);
    assert.deepEqual(await shownFor(edge, 'more.test', { pack, next }), both('next'));
    assert.equal(readdirSync(join(nginx.folder, 'edge/versions')).length, 1, 'one version stays');
    await edge.withdraw([pack.packId], soon());
  });

  it('is taken back where it cannot be loaded, and is loaded by the next call', async () => {
    const pack = await givenPack(['later.test']);
    const mute = await open({ reload: ['/bin/sh', '-c', 'echo nobody is told >&2; exit 3'] });
    await assert.rejects(mute.apply([placed(pack)], soon()), refusing(/nobody is told/));
    assert.deepEqual(await mute.inventory(soon()), []);
    await mute.close();
    edge = await open();
    assert.deepEqual(await edge.apply([placed(pack)], soon()), []);
    assert.deepEqual(await shownFor(edge, 'later.test', { pack }), both('pack'));
    await edge.withdraw([pack.packId], soon());
  });

  it('never reaches its configuration or a path', async () => {
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
    const before = reloads();
    const refused = await edge.apply(odd, soon());
    assert.deepEqual(
      refused.map(({ packId }) => packId),
      odd.map(({ packId }) => packId),
    );
    assert.equal(reloads(), before);
    const chain = `ssl_engine x;\n${ecdsa.chain}\n}\nserver { listen 1; }\n${ecdsa.key}`;
    assert.deepEqual(
      await edge.apply([{ ...pack, certificates: { ecdsa: { chain, key: ecdsa.key } } }], soon()),
      [],
    );
    const [file = ''] = files().filter((name) => name.endsWith('.pem'));
    const path = join(nginx.folder, 'edge/packs', file);
    assert.doesNotMatch(readFileSync(path, 'utf8'), /server|engine/);
    assert.equal(
      readFileSync(path, 'utf8').match(/PRIVATE KEY-----\n/g)?.length,
      2,
      'one key, begun and ended',
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await edge.withdraw([pack.packId], soon());
  });
});

describe('nginx and its driver after a stop', needs, () => {
  it('have what was put on: a killed nginx at its start, one that was away what came meanwhile', async () => {
    const pack = await givenPack(['stays.test']);
    const later = await givenPack(['meanwhile.test']);
    await edge.apply([placed(pack)], soon());
    await nginx.kill();
    const apply = edge.apply([placed(later)], soon());
    await assert.rejects(apply, (error) => error instanceof Fault && error.fault === 'edge_unreachable');
    await nginx.start();
    assert.deepEqual(await shownFor(edge, 'stays.test', { pack }), both('pack'));
    assert.deepEqual(await shownFor(edge, 'meanwhile.test', { later }), both('later'));
    assert.deepEqual(await edge.apply([placed(later)], soon()), []);
    const again = await open();
    assert.deepEqual(await inventoryOf(again), [asHeld(pack), asHeld(later)]);
    await again.withdraw([pack.packId, later.packId], soon());
    edge = await open();
  });

  it('go back to the last version that nginx took where the driver was killed before it did', async () => {
    const pack = await givenPack(['solid.test']);
    await edge.apply([placed(pack)], soon());
    const folder = join(nginx.folder, 'edge');
    const [version = ''] = readdirSync(join(folder, 'versions'));
    cpSync(join(folder, 'versions', version), join(folder, 'versions/900'), { recursive: true });
    rmSync(join(folder, 'versions/900/tested'));
    writeFileSync(join(folder, 'versions/900/servers.conf'), 'half a li');
    rmSync(join(folder, 'current'));
    symlinkSync('versions/900', join(folder, 'current'));
    edge = await open();
    assert.deepEqual(await inventoryOf(edge), [asHeld(pack)]);
    assert.match(readFileSync(join(folder, 'current/servers.conf'), 'utf8'), /solid\.test/);
    assert.equal(existsSync(join(folder, 'versions/900')), false);
    await edge.withdraw([pack.packId], soon());
  });

  it('say so where the folder cannot be written', async () => {
    const pack = await givenPack(['nowhere.test']);
    const folder = join(nginx.folder, 'edge/packs');
    rmSync(folder, { recursive: true, force: true });
    writeFileSync(folder, 'in the way');
    await assert.rejects(
      edge.apply([placed(pack)], soon()),
      refusing(/cannot be written \(EEXIST|ENOTDIR\)/),
    );
    rmSync(folder);
    assert.deepEqual(await edge.apply([placed(pack)], soon()), []);
    await edge.withdraw([pack.packId], soon());
  });
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
