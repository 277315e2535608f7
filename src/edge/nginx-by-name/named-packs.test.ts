import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  both,
  driverDeps,
  nginxNeeds,
  placed,
  shownFor,
  soon,
} from '../../../test/support/edge/given-nginx.ts';
import { type GivenByName, givenNginxByName } from '../../../test/support/edge/given-nginx-by-name.ts';
import { fingerprintIn, givenPack } from '../../../test/support/edge/given-service.ts';
import { Fault } from '../../kit/fault.ts';
import type { EdgeInHand } from '../driver.ts';
import type { ServedPack } from '../edge.ts';
import { nginxByNameDriver } from './nginx-by-name.ts';

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

/** The same pack with other certificates. */
const renewed = async ({ packId, hosts }: ServedPack) => ({ ...(await givenPack(hosts)), packId });

test('what was put on outlasts nginx and driver, and what was half done is ended', needs, async () => {
  const pack = await givenPack(['stays.test', '*.stays.test']);
  const next = await renewed(pack);
  await edge.apply([placed(pack)], soon());
  await edge.close();
  const earlier = given.all('').filter((file) => file.includes(pack.packId));
  edge = await given.open();
  await edge.apply([placed(next)], soon());
  await edge.close();
  // As a kill leaves it: links of the one before, a link of nobody, half a pack.
  const stem = earlier.find((file) => file.endsWith('.ecdsa.pem'))?.replace('.ecdsa.pem', '') ?? '';
  const link = join(given.folder, 'names/st/te/stays.test');
  rmSync(link);
  symlinkSync(`../../../${stem}`, link);
  symlinkSync(`../../../${stem}`, join(given.folder, 'names/st/te/stray.test'));
  writeFileSync(
    join(given.folder, 'packs', `${pack.packId.slice(0, 2)}/half-0123456789abcdef.rsa.pem`),
    'half',
  );
  await given.nginx.kill();
  await given.nginx.start();
  edge = await given.open();
  assert.deepEqual(await shownFor(edge, 'stays.test', { pack, next }), both('next'));
  assert.deepEqual(await shownFor(edge, 'stray.test', { pack, next }), both('nothing'));
  assert.deepEqual((await edge.inventory(soon())).find(({ packId }) => packId === pack.packId)?.leaves, {
    ecdsa: fingerprintIn(next, 'ecdsa'),
    rsa: fingerprintIn(next, 'rsa'),
  });
  assert.equal(existsSync(join(given.folder, `${stem}.ecdsa.pem`)), false, 'the version before is gone');
  assert.equal(
    given.all('packs').some((file) => file.includes('half')),
    false,
  );
});

test(
  'a driver by name that is killed at any moment leaves a pack as it was or as it is to be',
  needs,
  async () => {
    const first = await givenPack(['killed.test', '*.killed.test']);
    const versions = [first, await renewed(first)];
    await edge.apply([placed(first)], soon());
    await edge.close();
    for (const ms of [60, 150]) {
      const child = placingWithoutEnd(versions);
      await once(child.stdout, 'data', { signal: soon() });
      await sleep(ms);
      child.kill('SIGKILL');
      await once(child, 'exit', { signal: soon() });
      edge = await given.open();
      const held = (await edge.inventory(soon())).find(({ packId }) => packId === first.packId);
      const version = versions.find((one) => fingerprintIn(one, 'rsa') === held?.leaves.rsa);
      assert.ok(version && held?.leaves.ecdsa === fingerprintIn(version, 'ecdsa'));
      for (const name of version.hosts)
        assert.deepEqual(await shownFor(edge, name, { version }), both('version'));
      const stems = given.all('packs').filter((file) => file.includes(`/${first.packId}-`));
      assert.equal(stems.length, 4, `nothing of another version is left: ${stems.join(' ')}`);
      await edge.close();
    }
    edge = await given.open();
  },
);

/** A process that puts one version after the other on, and says so once it began. */
function placingWithoutEnd(versions: readonly ServedPack[]) {
  const options = { folder: given.folder, default_name: 'default.test' };
  const deps = { dir: given.nginx.folder, address: { host: '127.0.0.1', port: given.nginx.port } };
  const driver = JSON.stringify(new URL('nginx-by-name.ts', import.meta.url).href);
  const program = `
    import { nginxByNameDriver } from ${driver};
    const [options, deps, packs] = JSON.parse(process.env.GIVEN);
    const edge = await nginxByNameDriver.open(options, { ...deps, log: console });
    console.log('begun');
    for (let i = 0; ; i++) await edge.apply([packs[i % 2]], AbortSignal.timeout(9_000));`;
  const env = {
    ...process.env,
    GIVEN: JSON.stringify([options, deps, versions.map((pack) => placed(pack))]),
  };
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('keys by name can be read by the group of the workers and by nobody else', needs, async () => {
  const pack = await givenPack(['modes.test']);
  await edge.apply([placed(pack)], soon());
  for (const path of given.all('').filter((file) => !file.includes('.test'))) {
    const { mode, gid } = statSync(join(given.folder, path));
    assert.equal(mode & 0o027, 0, `${path} ${mode.toString(8)}`);
    if (given.group !== undefined) assert.equal(gid, given.group, path);
  }
});

test('a folder by name that cannot be written is told, and what was served stays', needs, async () => {
  const pack = await givenPack(['full.test']);
  await edge.apply([placed(pack)], soon());
  const next = { ...(await givenPack(['full.test', 'more.test'])), packId: 'zz-next' };
  writeFileSync(join(given.folder, 'packs/zz'), 'in the way');
  await assert.rejects(
    edge.apply([placed(next)], soon()),
    (error) =>
      error instanceof Fault && error.fault === 'edge_refused' && /cannot be written/.test(error.message),
  );
  assert.deepEqual(await shownFor(edge, 'full.test', { pack, next }), both('pack'));
  rmSync(join(given.folder, 'packs/zz'));
  await edge.apply([placed(next)], soon());
  assert.deepEqual(await shownFor(edge, 'full.test', { pack, next }), both('next'));
});

test('nginx by name needs a folder that is there, and options that mean something', needs, async () => {
  const deps = driverDeps(given.nginx.folder, given.nginx.port);
  const bad = [
    {},
    { folder: 'relative' },
    { folder: '/no/such' },
    { folder: '/tmp/$x' },
    { folder: given.folder, x: 1 },
    { folder: given.folder, default_name: 'A;b' },
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

test('a file or link that somebody changed by hand is seen, and put right with the pack', needs, async () => {
  const [pack, other] = [await givenPack(['hand.test', '*.hand.test']), await givenPack(['else.test'])];
  await edge.apply([placed(pack), placed(other)], soon());
  const held = async () => {
    const all = await edge.inventory(soon());
    return all.find(({ packId }) => packId === pack.packId)?.leaves;
  };
  const right = await held();
  assert.deepEqual(right, {
    ecdsa: fingerprintIn(pack, 'ecdsa'),
    rsa: fingerprintIn(pack, 'rsa'),
  });
  const files = given.all('').filter((file) => file.includes(pack.packId));
  const file = files.find((one) => one.endsWith('.ecdsa.pem')) ?? assert.fail('it has a file');
  const foreign = given.all('').find((one) => one.includes(other.packId) && one.endsWith('.ecdsa.pem'));
  const stem = foreign?.replace('.ecdsa.pem', '') ?? '';
  const spoil: Readonly<Record<string, () => void>> = {
    'another text': () => writeFileSync(join(given.folder, file), 'odd'),
    'another pair': () =>
      writeFileSync(join(given.folder, file), readFileSync(join(given.folder, `${stem}.ecdsa.pem`))),
    'no file': () => rmSync(join(given.folder, file)),
    'no link': () => rmSync(join(given.folder, 'names/ha/te/hand.test')),
    'another link': () => {
      rmSync(join(given.folder, 'names/ha/te/hand.test'));
      symlinkSync(`../../../${stem}`, join(given.folder, 'names/ha/te/hand.test'));
    },
    'no link of a wildcard': () => rmSync(join(given.folder, 'wildcards/odd/ha/te/hand.test.rsa.pem')),
  };
  for (const [what, act] of Object.entries(spoil)) {
    act();
    assert.deepEqual(await held(), {}, what);
    await edge.apply([placed(pack)], soon());
    assert.deepEqual(await held(), right, what);
    assert.deepEqual(await shownFor(edge, 'hand.test', { pack, other }), both('pack'), what);
  }
});
