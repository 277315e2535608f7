import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { driverDeps, openFolder, placed, soon } from '../../../test/support/edge/given-nginx.ts';
import { givenPack } from '../../../test/support/edge/given-service.ts';
import { Fault } from '../../kit/fault.ts';
import { nginxByNameDriver } from './nginx-by-name.ts';

const ends = new AsyncDisposableStack();
after(() => ends.disposeAsync());
const folder = openFolder(ends);
const isSmall =
  process.platform === 'linux' &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', folder]).status === 0;
if (isSmall) ends.defer(() => void spawnSync('umount', [folder]));

test('a full disk is told, takes nothing away, and what comes after it is put on', {
  skip: isSmall ? false : 'needs the right to mount a small disk',
}, async () => {
  const edge = await nginxByNameDriver.open({ folder }, driverDeps(folder, 1));
  ends.defer(() => edge.close());
  const pack = await givenPack(['first.test']);
  const next = { ...(await givenPack(['first.test', 'second.test'])), packId: pack.packId };
  await edge.apply([placed(pack)], soon());
  const before = await edge.inventory(soon());
  try {
    writeFileSync(join(folder, 'others'), Buffer.alloc(1_000_000));
  } catch {
    // As much as there is room for.
  }
  await assert.rejects(
    edge.apply([placed(next)], soon()),
    (error) =>
      error instanceof Fault &&
      error.fault === 'edge_refused' &&
      /\(ENOSPC\): free some space/.test(error.message),
  );
  assert.deepEqual(await edge.inventory(soon()), before);
  rmSync(join(folder, 'others'));
  assert.deepEqual(await edge.apply([placed(next)], soon()), []);
  assert.equal((await edge.inventory(soon()))[0]?.names.length, 2);
  await edge.withdraw([pack.packId], soon());
});
