import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenFiles } from '../../../test/support/edge/given-files.ts';
import { quiet } from '../../../test/support/edge/given-service.ts';
import { givenPlaced, heldOf } from '../../../test/support/edge/placed-packs.ts';
import type { HeldPack } from '../driver.ts';
import { filesDriver } from './files.ts';

const { signal } = new AbortController();

const byId = (packs: readonly HeldPack[]) => packs.toSorted((a, b) => (a.packId < b.packId ? -1 : 1));

test('chain and key of each algorithm lie in a folder of the pack, and of no one version', async (t) => {
  const { folder, open } = givenFiles(t);
  const edge = await open();
  const pack = await givenPlaced(['a.example.com', '*.example.com']);
  assert.deepEqual(await edge.apply([pack], signal), []);
  assert.deepEqual(readdirSync(join(folder, pack.packId)).toSorted(), [
    'ecdsa-fullchain.pem',
    'ecdsa-privkey.pem',
    'names',
    'rsa-fullchain.pem',
    'rsa-privkey.pem',
  ]);
  const key = join(folder, pack.packId, 'rsa-privkey.pem');
  assert.match(readFileSync(key, 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.deepEqual(await edge.inventory(signal), [heldOf(pack)]);
  const next = await givenPlaced(['b.example.com'], pack.packId);
  await edge.apply([next], signal);
  assert.deepEqual(await edge.inventory(signal), [heldOf(next)]);
  assert.equal(readdirSync(join(folder, '.certpacks/versions')).length, 1, 'the one before left no key');
  await edge.withdraw([pack.packId, 'none', '../..'], signal);
  assert.deepEqual(
    [await edge.inventory(signal), readdirSync(join(folder, '.certpacks/versions'))],
    [[], []],
  );
});

test('names have folders of their own where that is wished, and names may go to another pack', async (t) => {
  const { folder, open } = givenFiles(t);
  const edge = await open({ layout: 'name', contents: 'combined', mode: '640', group: '12345' });
  const [one, two] = [
    await givenPlaced(['a.example.com', '*.example.com']),
    await givenPlaced(['b.example.com']),
  ];
  await edge.apply([one, two], signal);
  const path = join(folder, '_.example.com/ecdsa-combined.pem');
  assert.match(readFileSync(path, 'utf8'), /^-----BEGIN CERTIFICATE-----[^]*-----BEGIN PRIVATE KEY-----/);
  if (process.getuid?.() === 0)
    assert.deepEqual([statSync(path).mode & 0o777, statSync(path).gid], [0o640, 12_345]);
  assert.deepEqual(byId(await edge.inventory(signal)), byId([heldOf(one), heldOf(two)]));
  const [a, b] = [
    await givenPlaced(['b.example.com'], one.packId),
    await givenPlaced(['a.example.com'], two.packId),
  ];
  await edge.apply([a, b], signal);
  assert.deepEqual(byId(await edge.inventory(signal)), byId([heldOf(a), heldOf(b)]));
  assert.deepEqual(readdirSync(folder).toSorted(), ['.certpacks', 'a.example.com', 'b.example.com']);
});

test('what others have in the folder stays, and a pack whose place it takes is refused', async (t) => {
  const { folder, open } = givenFiles(t);
  const edge = await open({ layout: 'name' });
  mkdirSync(join(folder, 'a.example.com'));
  symlinkSync('/etc', join(folder, 'b.example.com'));
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((label) => givenPlaced([`${label}.example.com`])));
  const refused = await edge.apply(
    [a, b, c].flatMap((pack) => pack ?? []),
    signal,
  );
  assert.deepEqual(
    refused.map(({ packId }) => packId),
    [a?.packId, b?.packId],
  );
  for (const { why } of refused)
    assert.match(why, /\/[ab]\.example\.com is there and is not ours: move it away$/);
  assert.deepEqual(
    (await edge.inventory(signal)).map(({ packId }) => packId),
    [c?.packId],
  );
  assert.equal(lstatSync(join(folder, 'b.example.com')).isSymbolicLink(), true);
});

test('a file that somebody changed is seen, and written anew', async (t) => {
  const { folder, open } = givenFiles(t);
  const edge = await open();
  const pack = await givenPlaced(['a.example.com']);
  await edge.apply([pack], signal);
  writeFileSync(join(folder, pack.packId, 'ecdsa-fullchain.pem'), 'no PEM');
  const [held] = await edge.inventory(signal);
  assert.deepEqual(Object.keys(held?.leaves ?? {}), ['rsa']);
  await edge.apply([pack], signal);
  assert.deepEqual(await edge.inventory(signal), [heldOf(pack)]);
});

test('nothing in a pack becomes a path', async (t) => {
  const { folder, open } = givenFiles(t);
  const edge = await open({ layout: 'name' });
  const good = await givenPlaced(['a.example.com']);
  const bad = [
    ...['../../x.example.com', '.certpacks', 'a/b.example.com', '_.example.com', 'a\0.example.com', '..'].map(
      (name) => ({
        ...good,
        packId: crypto.randomUUID(),
        names: [name],
      }),
    ),
    { ...good, packId: '../../etc/x' },
  ];
  assert.deepEqual(
    (await edge.apply([good, ...bad], signal)).map(({ packId }) => packId).toSorted(),
    bad.map(({ packId }) => packId).toSorted(),
  );
  assert.deepEqual(await edge.inventory(signal), [heldOf(good)]);
  assert.equal(existsSync(join(folder, '../x.example.com')), false);
});

test('options that cannot be meant are named', async () => {
  const wrong = [
    [{}, /^\[edge\]: 'folder' must be given/],
    [{ folder: '/x', layout: 'flat' }, /^\[edge\]: 'layout' must be one of pack, name/],
    [{ folder: '/x', mode: '666' }, /^\[edge\]: 'mode'/],
    [{ folder: '/x', hook: 'systemctl reload x' }, /^\[edge\]: 'hook' must be a list/],
    [{ folder: '/x', hook: [] }, /^\[edge\]: 'hook'/],
    [{ folder: '/x', hook: ['/bin/true', 1] }, /^\[edge\]: 'hook'/],
    [
      { folder: '/x', owner: 'nobody-of-this-name' },
      /^\[edge\]: 'owner' must be a number, or a name of \/etc\/passwd/,
    ],
    [{ folder: '/x', hook_timeout_s: 0 }, /^\[edge\]: 'hook_timeout_s' must be a number/],
    [{ folder: '/dev/null/x' }, /^\[edge\]: 'folder': /],
  ] as const;
  for (const [options, message] of wrong)
    await assert.rejects(filesDriver.open(options, depsOf()), { fault: 'configuration', message });
});

const depsOf = () => ({
  log: quiet(),
  dir: '/nonexistent',
  address: { host: '127.0.0.1', port: 1 },
  packFor: async () => undefined,
  fileFor: async () => undefined,
});
