import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { givenFolder, quiet } from '../../../test/support/edge/given-service.ts';
import type { SealedPack } from './protocol.ts';
import { AgentState } from './state.ts';
import { StateLog } from './state-log.ts';

const LEAF = 'ab'.repeat(32);
const digest = (n: number) => n.toString(16).padStart(32, '0');
const sealed = (packId: string, n = 1): SealedPack => ({
  packId,
  digest: digest(n),
  certificates: { ecdsa: { chain: 'chain', leaf: LEAF, sealedKey: 'key' } },
});

async function opened(t: TestContext, dir = join(givenFolder(t), 'state')) {
  const state = await AgentState.open(dir, quiet());
  t.after(() => state.close());
  return { dir, state, log: join(dir, 'names.log') };
}

/** Tells the state of a pack that serves names. */
async function tell(
  state: AgentState,
  names: readonly string[],
  { packId = randomUUID(), n = 1, at = 'x' }: { packId?: string; n?: number; at?: string } = {},
) {
  await state.store(sealed(packId, n));
  await state.take({
    at,
    packs: [{ packId, digest: digest(n), leaves: { ecdsa: LEAF } }],
    names: new Map(names.map((name) => [name, packId])),
    gone: new Set(),
  });
  return packId;
}

/** What is served, and from where on. */
const seen = ({ serving }: AgentState) => ({
  at: serving.at,
  names: Object.fromEntries(serving.names.map((name) => [name, serving.packFor(name)?.packId])),
});

test('what was told is there after a restart, with its packs, and old files are not', async (t) => {
  const { state, dir } = await opened(t);
  const one = await tell(state, ['a.example.com', '*.example.com']);
  await tell(state, ['a.example.com', '*.example.com'], { packId: one, n: 2 });
  const two = await tell(state, ['b.example.com'], { at: 'y' });
  const before = seen(state);
  await state.close();
  const { state: again } = await opened(t, dir);
  assert.deepEqual(seen(again), before);
  assert.deepEqual(again.serving.packFor('c.example.com')?.packId, one);
  assert.deepEqual(await again.sealed({ packId: one, digest: digest(2) }), sealed(one, 2));
  assert.deepEqual(
    (await readdir(join(dir, 'packs'))).toSorted(),
    [`${one}.${digest(2)}`, `${two}.${digest(1)}`].toSorted(),
  );
});

test('a pack that loses its last name leaves, with its file, and is remembered until that was told', async (t) => {
  const { state, dir } = await opened(t);
  const packId = await tell(state, ['a.example.com']);
  await state.take({ at: 'y', packs: [], names: new Map(), gone: new Set(['a.example.com']) });
  assert.deepEqual(await readdir(join(dir, 'packs')), []);
  await state.close();
  const { state: again } = await opened(t, dir);
  assert.deepEqual(again.serving.leaving, [{ packId, names: ['a.example.com'], leaves: { ecdsa: LEAF } }]);
  await again.release([packId, randomUUID()]);
  await again.close();
  const { state: last } = await opened(t, dir);
  assert.deepEqual([last.serving.leaving, last.serving.at], [[], 'y']);
});

test('cut at any byte, the log is an earlier state as a whole, and goes on from there', async (t) => {
  const { state, log } = await opened(t);
  const states = [seen(state)];
  for (const [i, at] of ['x', 'y', 'z'].entries()) {
    await tell(state, [`${at}.example.com`, 'a.example.com'], { at, n: i + 1 });
    states.push(seen(state));
  }
  await state.close();
  const whole = await readFile(log);
  for (let size = 0; size < whole.length; size += 37) {
    const dir = join(givenFolder(t), 'state');
    const { state: first } = await opened(t, dir);
    await first.close();
    await writeFile(join(dir, 'names.log'), whole.subarray(0, size));
    const { state: cut } = await opened(t, dir);
    const { names } = seen(cut);
    assert.ok(
      states.some((one) => JSON.stringify(one.names) === JSON.stringify(names)),
      `cut at ${size}`,
    );
    await tell(cut, ['later.example.com'], { at: 'later' });
    await cut.close();
    const { state: later } = await opened(t, dir);
    assert.deepEqual([later.serving.at, 'later.example.com' in seen(later).names], ['later', true]);
    await later.close();
  }
});

test('a line that was altered ends what is good, and all is asked for anew', async (t) => {
  const { state, dir, log } = await opened(t);
  const one = await tell(state, ['a.example.com']);
  const size = (await readFile(log)).length;
  await tell(state, ['b.example.com'], { at: 'y' });
  await state.close();
  const bytes = await readFile(log);
  bytes[size + 40] = (bytes[size + 40] ?? 0) ^ 1;
  await writeFile(log, bytes);
  const { state: again } = await opened(t, dir);
  assert.deepEqual(seen(again), { at: undefined, names: { 'a.example.com': one } });
});

test('a disk that takes nothing is told in words, and what was there stays', async (t) => {
  const full = new StateLog('/dev/full');
  t.after(() => full.close());
  await assert.rejects(full.append([{ at: 'x' }]), { fault: 'configuration', message: /free some space/ });
  const { state, dir } = await opened(t);
  const packId = await tell(state, ['a.example.com']);
  await mkdir(join(dir, 'packs', `${packId}.${digest(2)}`));
  await assert.rejects(state.store(sealed(packId, 2)), { fault: 'configuration' });
  assert.deepEqual(await state.sealed({ packId, digest: digest(1) }), sealed(packId));
});

test('files of packs that were cut or altered are none', async (t) => {
  const { state, dir } = await opened(t);
  const packId = await tell(state, ['a.example.com']);
  const path = join(dir, 'packs', `${packId}.${digest(1)}`);
  const text = await readFile(path, 'utf8');
  for (const other of ['', text.slice(0, -9), text.replace('chain', 'chaim'), `${text.split('\n')[0]}\n`]) {
    await writeFile(path, other);
    assert.equal(await state.sealed({ packId, digest: digest(1) }), undefined);
  }
});

test('twenty thousand names are told and loaded within seconds, in some megabytes', async (t) => {
  const { state, dir } = await opened(t);
  const ids = Array.from({ length: 10_000 }, () => randomUUID() as string);
  const began = performance.now();
  await state.take({
    at: 'x',
    packs: ids.map((packId) => ({ packId, digest: digest(1), leaves: { ecdsa: LEAF, rsa: LEAF } })),
    names: new Map(
      ids.flatMap(
        (packId, i) =>
          [
            [`a${i}.example.com`, packId],
            [`b${i}.example.com`, packId],
          ] as const,
      ),
    ),
    gone: new Set(),
  });
  await state.close();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const { state: again } = await opened(t, dir);
  assert.deepEqual(again.serving.counts, { packs: 10_000, names: 20_000 });
  const used = (process.memoryUsage().heapUsed - before) / 1e6;
  assert.ok(used < 60, `${used} MB`);
  assert.ok(performance.now() - began < 20_000);
});
