/** What comes with one upload completes the chains of later ones. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { clear, givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { type Made, make, makeCa, pemOf } from '../../test/support/pki.ts';
import { days } from '../kit/time.ts';
import type { BundleMethod, PackZone } from '../pack/pack.ts';
import { OPERATOR } from '../store/audit.ts';
import { forgetEnded, learn, listAbove } from '../store/known-intermediates.ts';
import { transaction } from '../store/store.ts';
import { trustIn } from '../upload/trust.ts';
import { createUpload } from './create-upload.ts';
import { NO_QUOTAS } from './quotas.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let zone: PackZone;
let another: PackZone;
let ca: Awaited<ReturnType<typeof makeCa>>;
before(async () => {
  deps = await startJobDeps(ends);
  ca = await makeCa(deps.clock.now());
  zone = await givenZone(deps, 'one.test');
  another = await givenZone(deps, 'other.test');
});
after(() => ends.disposeAsync());

/** Sends a leaf for a zone with what stands behind it. */
async function send(
  to: PackZone,
  by: Made,
  behind: string,
  how: { readonly root?: string; readonly method?: BundleMethod } = {},
) {
  const leaf = await make(deps.clock.now(), { by, hosts: [to.name] });
  const { root = ca.root.pem, method: bundleMethod = 'ubiquitous' } = how;
  return createUpload(
    { ...deps, trust: trustIn([root]), quotas: NO_QUOTAS },
    {
      zone: to,
      given: { certificate: leaf.pem + behind, privateKey: pemOf(leaf), bundleMethod },
      type: 'sni_custom',
      environment: 'production',
      request: { zoneId: to.id, bodyHash: randomBytes(32) },
      isRetry: false,
      by: OPERATOR,
    },
  );
}

const chainsOf = async (id: string): Promise<number> => {
  const { rows } = await deps.pool.query<{ chain: string }>(
    'select chain from certificates where pack_id = $1',
    [id],
  );
  return rows[0]?.chain.split('BEGIN CERTIFICATE').length ?? 0;
};

const known = async (): Promise<number> =>
  Number((await deps.pool.query('select count(*) from known_intermediates')).rows[0]?.count);

test('a leaf alone is taken once another upload brought its intermediates, in any account, over two of them', async () => {
  const { intermediate } = ca;
  const below = await make(deps.clock.now(), { isCa: true, by: intermediate });
  await assert.rejects(send(another, below, ''), { fault: 'chain_not_bundleable' });
  assert.equal(await known(), 0);
  await send(zone, below, intermediate.pem + below.pem);
  assert.equal(await known(), 2);
  const { id } = await send(another, below, '');
  assert.equal(await chainsOf(id), 1 + 3, 'the leaf and both');
  assert.equal(await known(), 2);
});

test('what was learned leads nowhere where its root is not trusted, and nothing is learned of what is refused or forced', async () => {
  const stranger = await makeCa(deps.clock.now());
  const behind = stranger.intermediate.pem;
  await assert.rejects(send(zone, stranger.intermediate, behind), { fault: 'chain_not_bundleable' });
  await send(zone, stranger.intermediate, behind, { method: 'force' });
  assert.equal(await known(), 2);
  await send(zone, stranger.intermediate, behind, { root: stranger.root.pem });
  assert.equal(await known(), 3);
  await assert.rejects(send(another, stranger.intermediate, ''), { fault: 'chain_not_bundleable' });
});

test('of one name eight are kept at most, what has ended is forgotten, and circles end', async () => {
  const now = deps.clock.now();
  const one = (i: number, subject: string, issuer: string) => ({
    fingerprint: `${subject}${i}`,
    subject,
    issuer,
    pem: `${subject}${i}`,
    notAfter: new Date(now.getTime() + 1_000 * days(i + 1)),
  });
  const many = Array.from({ length: 20 }, (_, i) => one(i, 'CN=many', 'CN=round'));
  await transaction(deps.pool, (tx) => learn(tx, [...many, one(0, 'CN=round', 'CN=many')], now));
  assert.equal((await listAbove(deps.pool, ['CN=many'], now)).length, 9);
  assert.equal((await listAbove(deps.pool, ['CN=none'], now)).length, 0);
  deps.clock.advance(days(2));
  const later = (await listAbove(deps.pool, ['CN=many'], deps.clock.now())).length;
  assert(later < 9);
  const kept = await known();
  await forgetEnded(deps.pool, deps.clock.now());
  assert((await known()) < kept);
  assert.equal((await listAbove(deps.pool, ['CN=many'], deps.clock.now())).length, later);
  await deps.pool.query('truncate known_intermediates');
  await clear(deps);
});
