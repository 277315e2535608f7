import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenHaproxy, haproxyNeeds } from '../../../test/support/edge/given-haproxy.ts';
import { givenPlaced, heldOf, leafIn } from '../../../test/support/edge/placed-packs.ts';
import { ALGORITHMS } from '../../pack/pack.ts';
import type { EdgeInHand, HeldPack, PlacedPack } from '../driver.ts';

const HAPROXY = haproxyNeeds();

const { signal } = new AbortController();

/** Leaves that are shown for a name, ECDSA first. */
const shownBy = (edge: EdgeInHand, name: string) =>
  Promise.all(
    ALGORITHMS.map(async (algorithm) => (await edge.verify({ name, algorithm }, signal))?.fingerprint),
  );

const leavesOf = (pack: PlacedPack) => ALGORITHMS.map((algorithm) => leafIn(pack, algorithm));

const inOrder = (held: readonly HeldPack[]) => held.toSorted((a, b) => (a.packId < b.packId ? -1 : 1));

test('a pack is shown to clients of each algorithm from the moment that it was taken', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const pack = await givenPlaced(['www.example.com', '*.example.com']);
  assert.deepEqual(await edge.apply([pack], signal), []);
  for (const name of pack.names) assert.deepEqual(await shownBy(edge, name), leavesOf(pack), name);
  assert.deepEqual(await edge.inventory(signal), [heldOf(pack)]);
  assert.deepEqual(await shownBy(edge, 'www.example.org'), [undefined, undefined], 'a name of nobody');
  assert.deepEqual(await shownBy(edge, 'a.b.example.com'), [undefined, undefined], 'a wildcard is one label');
  assert.equal(haproxy.said.includes('ALERT'), false);
});

test(
  'files and crt-list are what HAProxy serves after a start, and for nobody else to read',
  HAPROXY,
  async (t) => {
    const { haproxy, edge } = await givenHaproxy(t);
    const packs = await Promise.all(['a', 'b'].map((label) => givenPlaced([`${label}.example.com`])));
    await edge.apply(packs, signal);
    const files = readdirSync(haproxy.folder).map((name) => join(haproxy.folder, name));
    assert.equal(files.length, 4);
    for (const path of [...files, haproxy.crtList]) assert.equal(statSync(path).mode & 0o777, 0o600, path);
    assert.equal(statSync(haproxy.folder).mode & 0o777, 0o700);
    await haproxy.stop();
    await haproxy.start();
    assert.deepEqual(inOrder(await edge.inventory(signal)), inOrder(packs.map(heldOf)));
    for (const pack of packs) assert.deepEqual(await shownBy(edge, pack.names[0] ?? ''), leavesOf(pack));
  },
);

test('a pack that is withdrawn is shown no more, and leaves no key behind', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const [gone, kept] = [await givenPlaced(['gone.example.com']), await givenPlaced(['kept.example.com'])];
  await edge.apply([gone, kept], signal);
  await edge.withdraw([gone.packId, '00000000-0000-4000-8000-000000000000', 'none; show info'], signal);
  assert.deepEqual(await shownBy(edge, 'gone.example.com'), [undefined, undefined]);
  assert.deepEqual(await shownBy(edge, 'kept.example.com'), leavesOf(kept));
  assert.deepEqual(await edge.inventory(signal), [heldOf(kept)]);
  assert.equal(readFileSync(haproxy.crtList, 'utf8').includes(gone.packId), false);
  assert.equal(readdirSync(haproxy.folder).length, 2);
  assert.equal((await haproxy.ask('show ssl cert')).includes(gone.packId), false);
  await edge.withdraw([kept.packId], signal);
  assert.deepEqual(await edge.inventory(signal), []);
  assert.deepEqual(await edge.apply([kept], signal), [], 'also the last one can go and come');
});

test(
  'another version, other names and one algorithm less take the place of what there was',
  HAPROXY,
  async (t) => {
    const { haproxy, edge } = await givenHaproxy(t);
    const first = await givenPlaced(['a.example.com', 'b.example.com']);
    await edge.apply([first], signal);
    const renewed = await givenPlaced(['b.example.com', 'c.example.com'], first.packId);
    await edge.apply([renewed], signal);
    assert.deepEqual(await edge.inventory(signal), [heldOf(renewed)]);
    assert.deepEqual(await shownBy(edge, 'a.example.com'), [undefined, undefined]);
    assert.deepEqual(await shownBy(edge, 'c.example.com'), leavesOf(renewed));
    const fewer = { ...renewed, names: ['c.example.com'] };
    await edge.apply([fewer, fewer], signal);
    assert.deepEqual(await edge.inventory(signal), [heldOf(fewer)], 'the same certificate for fewer names');
    const { ecdsa = { chain: '', key: '' } } = renewed.certificates;
    const single = { ...renewed, certificates: { ecdsa } };
    await edge.apply([single], signal);
    assert.deepEqual(await edge.inventory(signal), [heldOf(single)]);
    assert.deepEqual(await shownBy(edge, 'c.example.com'), [leafIn(renewed, 'ecdsa'), undefined]);
    assert.equal(readdirSync(haproxy.folder).length, 1);
  },
);

test('lines that others wrote into the crt-list stay, and so do their certificates', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const pack = await givenPlaced(['a.example.com']);
  await edge.apply([pack], signal);
  const [line = ''] = readFileSync(haproxy.crtList, 'utf8').split('\n');
  const [path = ''] = line.split(' ');
  const others = join(haproxy.dir, 'theirs.pem');
  writeFileSync(others, readFileSync(path));
  writeFileSync(haproxy.crtList, `# of ours\n${others} [alpn h2] theirs.example.com\n${line}\n`);
  await haproxy.reload();
  await edge.apply([await givenPlaced(['a.example.com'], pack.packId)], signal);
  assert.match(
    readFileSync(haproxy.crtList, 'utf8'),
    /^# of ours\n\S+theirs.pem \[alpn h2\] theirs.example.com\n/,
  );
  assert.equal(
    (await edge.verify({ name: 'theirs.example.com', algorithm: 'ecdsa' }, signal))?.fingerprint,
    leafIn(pack, 'ecdsa'),
  );
  assert.equal((await edge.inventory(signal)).length, 1);
});
