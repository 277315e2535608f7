import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:https';
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
import { Fault } from '../../kit/fault.ts';
import type { EdgeInHand } from '../driver.ts';
import type { ServedPack } from '../edge.ts';
import { showLeaf } from '../handshake.ts';
import { nginxByNameDriver } from './nginx-by-name.ts';

const needs = nginxNeeds();
const ends = new AsyncDisposableStack();
const isRoot = process.getuid?.() === 0;
let nginx: GivenNginx;
let folder: string;
let edge: EdgeInHand;

before(async () => {
  if (needs.skip !== false) return;
  nginx = await givenNginx(ends, (home, port) =>
    exampleText('nginx-by-name/nginx.conf', {
      'worker_processes auto': 'worker_processes 2',
      '/run/nginx.pid': join(home, 'nginx.pid'),
      '/var/log/nginx/error.log': join(home, 'error.log'),
      'include /var/lib/certpacks-by-name/': `include ${join(home, 'names')}/`,
      'listen 443': `listen 127.0.0.1:${port}`,
      'proxy_pass http://127.0.0.1:8080': 'root /',
    }),
  );
  folder = join(nginx.folder, 'names');
  mkdirSync(folder);
  if (isRoot) chownSync(folder, 0, groupOf('www-data'));
  chmodSync(folder, 0o2750);
  edge = await open();
  await nginx.start();
});
after(() => ends.disposeAsync());

/** Number of a group, which is not that of this process: so it is seen that workers may read. */
function groupOf(name: string): number {
  const [, id] = new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(readFileSync('/etc/group', 'utf8')) ?? [];
  return Number(id);
}

async function open(): Promise<EdgeInHand> {
  const options = { folder, default_name: 'default.test' };
  const opened = await nginxByNameDriver.open(options, driverDeps(nginx.folder, nginx.port));
  ends.defer(() => opened.close());
  return opened;
}

const all = (path: string): string[] => readdirSync(join(folder, path), { recursive: true }).map(String);

/** The same pack with other certificates. */
const renewed = async ({ packId, hosts }: ServedPack) => ({ ...(await givenPack(hosts)), packId });

describe('nginx that reads files by name', needs, () => {
  it('serves what is put on it by both algorithms, exact names before wildcards, and nothing else', async () => {
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
      all('packs').some((file) => file.includes(www.packId)),
      false,
      'keys go with their pack',
    );
    await edge.withdraw([wild.packId], soon());
    assert.deepEqual(await shownFor(edge, 'shop.test', packs), both('nothing'));
    assert.deepEqual(await shownFor(edge, '*.shop.test', packs), both('nothing'));
    assert.deepEqual(await edge.inventory(soon()), []);
  });

  it('serves a pack of one algorithm to those who can check it', async () => {
    const pack = await givenPack(['single.test']);
    const { ecdsa, rsa } = pack.certificates;
    await edge.apply([{ ...placed(pack), certificates: ecdsa ? { ecdsa } : {} }], soon());
    assert.deepEqual(await shownFor(edge, 'single.test', { pack }), { ecdsa: 'pack', rsa: 'nothing' });
    await edge.apply([{ ...placed(pack), certificates: rsa ? { rsa } : {} }], soon());
    assert.deepEqual(await shownFor(edge, 'single.test', { pack }), { ecdsa: 'nothing', rsa: 'pack' });
  });

  it('shows clients without SNI the pack of the name that they are to be shown', async () => {
    const pack = await givenPack(['default.test']);
    await edge.apply([placed(pack)], soon());
    const place = { name: 'nginx', host: '127.0.0.1', port: nginx.port };
    const leaf = await showLeaf(place, { name: '', algorithm: 'ecdsa' }, soon());
    assert.equal(leaf?.fingerprint, fingerprintIn(pack, 'ecdsa'));
  });

  it('has a name served by the pack that was put last, and by the other again when that goes', async () => {
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
});

describe('clients of nginx that reads files by name', needs, () => {
  const swaps = 200;
  it(`see no failed handshake and no wrong certificate while a pack changes ${swaps} times`, async () => {
    const first = await givenPack(['swap.test', '*.swap.test']);
    const versions = [first, ...(await Promise.all([1, 2, 3].map(() => renewed(first))))];
    // Wildcards change slowly; they have a test of their own.
    const put = (i: number) => edge.apply([placed(versions[i % 4] ?? first, ['swap.test'])], soon());
    await put(0);
    const clients = startEdgeClients(edge, ['swap.test'], versions);
    for (let i = 1; i <= swaps; i++) await put(i);
    const { shaken, wrong, leaves } = await clients.end();
    assert.deepEqual(wrong, []);
    assert.ok(shaken > 100, `${shaken} handshakes`);
    assert.equal(leaves.size, 8, 'all versions were served, by both algorithms');
  });

  it('see none either while a wildcard changes', async () => {
    const first = await givenPack(['*.slow.test']);
    const second = await renewed(first);
    await edge.apply([placed(first)], soon());
    const clients = startEdgeClients(edge, ['a.slow.test', 'b.slow.test'], [first, second]);
    await edge.apply([placed(second)], soon());
    const shown = await shownFor(edge, '*.slow.test', { second });
    const { wrong, leaves } = await clients.end();
    assert.deepEqual([wrong, shown, leaves.size], [[], both('second'), 4]);
  });

  it('reach no file outside by a name, and none of the keys by a request', async () => {
    const pack = await givenPack(['guarded.test']);
    await edge.apply([placed(pack)], soon());
    const [key = ''] = all('packs').filter(
      (file) => file.includes(pack.packId) && file.endsWith('.ecdsa.pem'),
    );
    const stem = key.replace('.ecdsa.pem', '');
    const up = ['../packs', '../../packs', '../../../packs'].map((path) => `${path}/${stem}`);
    for (const name of [
      ...up,
      `${folder}/packs/${stem}`,
      `gu/te/guarded.test`,
      'guarded.test/',
      '.',
      '..',
      '$certpacks_n',
    ])
      assert.deepEqual(await shownFor(edge, name, { pack }), both('nothing'), name);
    assert.equal(await statusOf('guarded.test', '/'), 403, 'a server is there');
    const below = ['/..%2f', '/%2e%2e/', '/', '//', '/.ecdsa.pem', '.ecdsa.pem'];
    for (const path of below.flatMap((before) => [before, `${before}${stem.split('/')[1]}.ecdsa.pem`]))
      assert.ok(((await statusOf('guarded.test', path)) ?? 400) >= 400, path);
  });
});

describe('what was put on nginx that reads files by name', needs, () => {
  it('is there after nginx and driver were killed, and what was half done is ended', async () => {
    const pack = await givenPack(['stays.test', '*.stays.test']);
    const next = await renewed(pack);
    await edge.apply([placed(pack)], soon());
    await edge.close();
    const before = all('').filter((file) => file.includes(pack.packId));
    edge = await open();
    await edge.apply([placed(next)], soon());
    await edge.close();
    // As a kill leaves it: links of the one before, a link of nobody, half a pack.
    const stem = before.find((file) => file.endsWith('.ecdsa.pem'))?.replace('.ecdsa.pem', '') ?? '';
    const link = join(folder, 'names/st/te/stays.test');
    rmSync(link);
    symlinkSync(`../../../${stem}`, link);
    symlinkSync(`../../../${stem}`, join(folder, 'names/st/te/stray.test'));
    writeFileSync(join(folder, 'packs', `${pack.packId.slice(0, 2)}/half-0123456789abcdef.rsa.pem`), 'half');
    await nginx.kill();
    await nginx.start();
    edge = await open();
    assert.deepEqual(await shownFor(edge, 'stays.test', { pack, next }), both('next'));
    assert.deepEqual(await shownFor(edge, 'stray.test', { pack, next }), both('nothing'));
    assert.deepEqual((await edge.inventory(soon())).find(({ packId }) => packId === pack.packId)?.leaves, {
      ecdsa: fingerprintIn(next, 'ecdsa'),
      rsa: fingerprintIn(next, 'rsa'),
    });
    assert.equal(existsSync(join(folder, `${stem}.ecdsa.pem`)), false, 'the version before is gone');
    assert.equal(
      all('packs').some((file) => file.includes('half')),
      false,
    );
  });

  it('can be read by the group of the workers and by nobody else', async () => {
    const pack = await givenPack(['modes.test']);
    await edge.apply([placed(pack)], soon());
    for (const path of all('').filter((file) => !file.includes('.test'))) {
      const { mode, gid } = statSync(join(folder, path));
      assert.equal(mode & 0o027, 0, `${path} ${mode.toString(8)}`);
      if (isRoot) assert.equal(gid, groupOf('www-data'), path);
    }
  });

  it('stays where the next cannot be written, and that says so', async () => {
    const pack = await givenPack(['full.test']);
    await edge.apply([placed(pack)], soon());
    const next = { ...(await givenPack(['full.test', 'more.test'])), packId: 'zz-next' };
    writeFileSync(join(folder, 'packs/zz'), 'in the way');
    await assert.rejects(
      edge.apply([placed(next)], soon()),
      (error) =>
        error instanceof Fault && error.fault === 'edge_refused' && /cannot be written/.test(error.message),
    );
    assert.deepEqual(await shownFor(edge, 'full.test', { pack, next }), both('pack'));
    rmSync(join(folder, 'packs/zz'));
    await edge.apply([placed(next)], soon());
    assert.deepEqual(await shownFor(edge, 'full.test', { pack, next }), both('next'));
  });

  it('needs a folder that is there, and options that mean something', async () => {
    const deps = driverDeps(nginx.folder, nginx.port);
    const bad = [
      {},
      { folder: 'relative' },
      { folder: '/no/such' },
      { folder: '/tmp/$x' },
      { folder, x: 1 },
      { folder, default_name: 'A;b' },
    ];
    for (const options of bad)
      await assert.rejects(
        nginxByNameDriver.open(options, deps),
        (error) =>
          error instanceof Fault &&
          error.fault === 'configuration' &&
          /'folder'|"x"|'default_name'/.test(error.message),
      );
  });
});

/** Status of a request for a path, as it is written. */
function statusOf(servername: string, path: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const options = {
    host: '127.0.0.1',
    port: nginx.port,
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
