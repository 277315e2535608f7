import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type GivenHaproxy, givenHaproxy, haproxyNeeds } from '../../../test/support/edge/given-haproxy.ts';
import { givenPlaced, heldOf, leafIn } from '../../../test/support/edge/placed-packs.ts';
import { make, makeCa, pemOf } from '../../../test/support/pki.ts';
import { newUuid } from '../../kit/id.ts';
import type { EdgeInHand } from '../driver.ts';

const HAPROXY = haproxyNeeds();

const { signal } = new AbortController();

const shownBy = async (edge: EdgeInHand, name: string) =>
  (await edge.verify({ name, algorithm: 'ecdsa' }, signal))?.fingerprint;

test(
  'what was taken is served after a reload and after a kill, and can be changed then',
  HAPROXY,
  async (t) => {
    const { haproxy, edge } = await givenHaproxy(t);
    const pack = await givenPlaced(['www.example.com']);
    await edge.apply([pack], signal);
    await haproxy.reload();
    assert.deepEqual(await edge.inventory(signal), [heldOf(pack)]);
    const second = await givenPlaced(['www.example.com'], pack.packId);
    await edge.apply([second], signal);
    await haproxy.stop();
    await assert.rejects(edge.apply([pack], signal), {
      fault: 'edge_unreachable',
      message: /runtime API of HAProxy/,
    });
    await assert.rejects(edge.inventory(signal), { fault: 'edge_unreachable' });
    await haproxy.start();
    assert.deepEqual(await edge.inventory(signal), [heldOf(second)]);
    assert.equal(await shownBy(edge, 'www.example.com'), leafIn(second, 'ecdsa'));
  },
);

test(
  'a chain that somebody cut in the running process is whole again when the pack is put on again',
  HAPROXY,
  async (t) => {
    const { haproxy, edge } = await givenHaproxy(t);
    const { root, intermediate } = await makeCa(new Date());
    const leaf = await make(new Date(), { by: intermediate, hosts: ['www.example.com'] });
    const chain = [leaf, intermediate, root].map(({ pem }) => pem).join('');
    const pack = {
      packId: newUuid(),
      names: ['www.example.com'],
      certificates: { ecdsa: { chain, key: pemOf(leaf) } },
    };
    await edge.apply([pack], signal);
    const path = join(haproxy.folder, readdirSync(haproxy.folder)[0] ?? '');
    await haproxy.ask(`set ssl cert ${path} <<\n${leaf.pem.trim()}\n${pemOf(leaf).trim()}\n`);
    await haproxy.ask(`commit ssl cert ${path}`);
    const behind = async () =>
      (await edge.verify({ name: 'www.example.com', algorithm: 'ecdsa' }, signal))?.behind;
    assert.deepEqual(await behind(), []);
    await edge.apply([pack], signal);
    assert.deepEqual(
      (await behind())?.map(({ subject }) => subject),
      [intermediate.subject, root.subject],
    );
  },
);

test('reloads while packs are brought lose none of them', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const packs = await Promise.all(Array.from({ length: 12 }, (_, i) => givenPlaced([`h${i}.example.com`])));
  const reloads = (async () => {
    for (let i = 0; i < 3; i++) await haproxy.reload();
  })();
  for (const pack of packs) await persist(edge, () => edge.apply([pack], signal));
  await reloads;
  await persist(edge, () => edge.apply(packs.slice(0, 1), signal));
  assert.deepEqual(byId(await edge.inventory(signal)), byId(packs.map(heldOf)));
});

/** As an agent does: again, where HAProxy went away meanwhile. */
async function persist(edge: EdgeInHand, work: () => Promise<unknown>, tries = 20): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (tries === 0) throw error;
    return persist(edge, work, tries - 1);
  }
}

const byId = <T extends { readonly packId: string }>(packs: readonly T[]): T[] =>
  packs.toSorted((a, b) => (a.packId < b.packId ? -1 : 1));

/** Sends commands and goes away without a word, as whoever is killed does. */
async function sendAndDie({ socket }: GivenHaproxy, commands: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const client = connect(socket).on('error', reject);
  client.write(`prompt\n${commands}`);
  let said = '';
  client.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (!said.includes('Transaction created')) return;
    client.destroy();
    resolve();
  });
  await promise;
}

test('a change that was begun by one who died is ended, and its files go', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const pack = await givenPlaced(['www.example.com']);
  const dead = join(haproxy.folder, `${pack.packId}.0123456789abcdef.pem.ecdsa`);
  const pem = `${pack.certificates.ecdsa?.chain.trim().replaceAll('\n\n', '\n')}\n${pack.certificates.ecdsa?.key}`;
  for (const path of [dead, `${dead}.tmp`]) writeFileSync(path, pem);
  await sendAndDie(haproxy, `new ssl cert ${dead}\nset ssl cert ${dead} <<\n${pem}\n`);
  assert.match(await haproxy.ask('show ssl cert'), /# transaction/);
  assert.deepEqual(await edge.apply([pack], signal), []);
  assert.deepEqual(await edge.inventory(signal), [heldOf(pack)]);
  assert.equal((await haproxy.ask('show ssl cert')).includes(dead), false);
  assert.equal(readdirSync(haproxy.folder).length, 2);
});

test('what the process lost or has otherwise is seen by asking it, and mended', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const [lost, changed] = [
    await givenPlaced(['lost.example.com']),
    await givenPlaced(['changed.example.com']),
  ];
  await edge.apply([lost, changed], signal);
  const paths = readFileSync(haproxy.crtList, 'utf8').match(/^\S+/gm) ?? [];
  for (const path of paths.filter((one) => one.includes(lost.packId))) {
    await haproxy.ask(`del ssl crt-list ${haproxy.crtList} ${path}`);
    await haproxy.ask(`del ssl cert ${path}`);
  }
  const ecdsa = paths.find((one) => one.includes(changed.packId) && one.endsWith('ecdsa')) ?? '';
  const other = await givenPlaced(['changed.example.com']);
  const pem = `${other.certificates.ecdsa?.chain.trim().replaceAll('\n\n', '\n')}\n${other.certificates.ecdsa?.key}`;
  await haproxy.ask(`set ssl cert ${ecdsa} <<\n${pem}`);
  await haproxy.ask(`commit ssl cert ${ecdsa}`);
  const { rsa = '' } = heldOf(changed).leaves;
  assert.deepEqual(await edge.inventory(signal), [{ ...heldOf(changed), leaves: { rsa } }]);
  await edge.apply([changed], signal);
  assert.deepEqual(byId(await edge.inventory(signal)), byId([heldOf(lost), heldOf(changed)]));
  assert.equal(await shownBy(edge, 'changed.example.com'), leafIn(changed, 'ecdsa'));
});

test('an edge taken in hand anew goes on where the one before was killed at', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const first = await givenPlaced(['www.example.com']);
  await edge.apply([first], signal);
  const before = readFileSync(haproxy.crtList, 'utf8');
  const second = await givenPlaced(['www.example.com'], first.packId);
  await edge.apply([second], signal);
  // As if it had died before the crt-list was written: the process is ahead of it.
  writeFileSync(haproxy.crtList, before);
  const again = await haproxy.open();
  t.after(() => again.close());
  assert.deepEqual(await again.inventory(signal), [heldOf(second)]);
  assert.deepEqual(await again.apply([second], signal), []);
  await haproxy.reload();
  assert.deepEqual(await again.inventory(signal), [heldOf(second)]);
  assert.equal(readdirSync(haproxy.folder).length, 2);
});
