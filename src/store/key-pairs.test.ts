import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  givenCertificates,
  givenPack,
  givenZone,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { listKeyPairs, listKeyPairsOf } from './certificates.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

const COLUMNS = `cell, zone_id, pack_id, algorithm, hosts, issuer, signature, serial, not_before, not_after, uploaded_on, modified_on,
  sealed_key`;

/** Puts a certificate beside that of an algorithm, which is to come in its place. */
const givenComing = (pack: string, algorithm: string) =>
  deps.pool.query(
    `insert into successors (${COLUMNS}, id, fingerprint, chain)
     select ${COLUMNS}, gen_random_uuid(), reverse(fingerprint), 'coming' from certificates
      where pack_id = $1 and algorithm = $2`,
    [pack, algorithm],
  );

test('chains and keys of many packs are those of each, of one version: those to come once all are there', async () => {
  const [near, far] = [await givenZone(deps, 'near.test'), await givenZone(deps, 'far.test')];
  const packs = [];
  for (const zone of [near, near, far, far]) {
    const id = await givenPack(deps, zone, { status: 'active' });
    packs.push({ id, zone });
    if (packs.length < 4) await givenCertificates(deps, id);
  }
  const [half, whole] = [packs[1]?.id ?? '', packs[2]?.id ?? ''];
  await givenComing(half, 'ecdsa');
  for (const algorithm of ['ecdsa', 'rsa']) await givenComing(whole, algorithm);
  const all = await listKeyPairsOf(deps.pool, packs);
  for (const pack of packs) assert.deepEqual(all.get(pack.id) ?? [], await listKeyPairs(deps.pool, pack));
  const comingOf = (id: string) =>
    all.get(id)?.map(({ algorithm, chain }) => [algorithm, chain === 'coming']);
  assert.deepEqual(comingOf(half), [
    ['ecdsa', false],
    ['rsa', false],
  ]);
  assert.deepEqual(comingOf(whole), [
    ['ecdsa', true],
    ['rsa', true],
  ]);
  assert.equal(all.size, 3);
});
