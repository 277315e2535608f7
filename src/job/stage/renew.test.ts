/** Renewals with the clock, the CA and the edges in the test's hands; the database is real. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  dueIn,
  edgeNamed,
  packOf,
  shown,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { givenActive, pass, wishful } from '../../../test/support/renewing.ts';
import type { TestCa, TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import type { Ca, OrderAsk } from '../../ca/ca.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { days, hours, after as instantAfter } from '../../kit/time.ts';
import { override } from '../../operation/advance.ts';
import type { Pack } from '../../pack/pack.ts';
import { listKeyPairs } from '../../store/certificates.ts';
import { listStranded, remindUnplanned } from '../../store/packs.ts';
import { transaction } from '../../store/store.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

/** How long the test CA's certificates last. */
const LIFE = days(90);

/** The CA says nothing of renewals. */
const NO_WINDOW: TestRule = { on: 'directory', fault: 'patch', body: { renewalInfo: null } };

interface Given {
  readonly deps: TestJobDeps;
  readonly ca: TestCa;
}

/** What jobs are given, with one edge that shows what it is wished to, and a CA that does not say when to renew. */
async function given(t: TestContext, rules: readonly TestRule[] = [NO_WINDOW]): Promise<Given> {
  const clock = new VirtualClock();
  const deps = { ...plain, clock, precheckTxt: allVisible, edges: [edgeNamed('edge-a')] };
  const { at, ca } = await withCa(t, { ...deps, showLeaf: wishful(deps) }, { rules });
  return { deps: at, ca };
}

/** The same, with what is ordered there noted. */
function noting(deps: TestJobDeps, asks: OrderAsk[]): TestJobDeps {
  const ca = deps.cas.get('lets_encrypt') ?? assert.fail();
  const order: Ca['order'] = (ask, signal) => {
    asks.push(ask);
    return ca.order(ask, signal);
  };
  return { ...deps, cas: new Map([['lets_encrypt', { ...ca, order }]]) };
}

const fingerprints = ({ certificates }: Pack): string[] => certificates.map(({ fingerprint }) => fingerprint);

test('a pack whose CA does not say when is due at a third of its life left, and then has new certificates', async (t) => {
  const asks: OrderAsk[] = [];
  const deps = noting((await given(t)).deps, asks);
  const id = await givenActive(deps);
  const first = await packOf(deps, id);
  const due = (await dueIn(deps, id)) ?? 0;
  assert(due <= (LIFE * 2) / 3 + 5 && due >= (LIFE * 2) / 3 - LIFE / 48 - 5, `due in ${due} s`);
  assert.deepEqual(
    asks.map(({ replaces }) => replaces),
    [undefined, undefined],
  );

  await pass(deps, due + 1);
  const renewed = await packOf(deps, id);
  assert.equal(renewed.status, 'active');
  assert.equal(renewed.certificates.length, 2);
  assert.equal(new Set([...fingerprints(first), ...fingerprints(renewed)]).size, 4);
  assert.equal(asks.length, 4);
  assert(asks.slice(2).every(({ replaces }) => replaces?.includes('BEGIN CERTIFICATE')));
  const { rows } = await deps.pool.query<{ event: string }>(
    'select event from audit where pack_id = $1 order by seq',
    [id],
  );
  assert.deepEqual(rows.map(({ event }) => event).slice(-2), ['renew', 'renewed']);
  assert(((await dueIn(deps, id)) ?? 0) > days(55));
});

test('the CA’s window is kept to, and one that it moves ahead brings the renewal at once (RFC 9773 4.2)', async (t) => {
  const begin = new Date();
  const window = (start: number, end: number): TestRule => ({
    on: 'renewal-info',
    fault: 'patch',
    headers: { 'retry-after': String(hours(20)) },
    body: {
      suggestedWindow: {
        start: instantAfter(begin, start).toISOString(),
        end: instantAfter(begin, end).toISOString(),
      },
    },
  });
  const { deps, ca } = await given(t, [window(days(50), days(51))]);
  const id = await givenActive(deps);
  assert.equal(await dueIn(deps, id), hours(20));
  const { renewal, ...pack } = await packOf(deps, id);
  assert(
    renewal && renewal.at >= instantAfter(begin, days(50)) && renewal.at <= instantAfter(begin, days(51)),
  );
  const had = fingerprints(pack);

  await pass(deps, hours(21));
  assert.deepEqual(fingerprints(await packOf(deps, id)), had);
  ca.script(window(-days(1), 0)); // as for a certificate that was revoked
  await pass(deps, hours(21));
  assert.notDeepEqual(fingerprints(await packOf(deps, id)), had);
});

test('a CA that cannot be asked for its window costs nothing: the pack is renewed by its own time', async (t) => {
  const { deps } = await given(t, [{ on: 'renewal-info', fault: 'cut' }]);
  const id = await givenActive(deps);
  const { renewal, validationErrors } = await packOf(deps, id);
  assert.deepEqual(validationErrors, []);
  assert.equal(await dueIn(deps, id), hours(1));
  const left = (renewal?.at.getTime() ?? 0) - deps.clock.now().getTime();
  assert(left > days(57) * 1_000 && left <= days(60) * 1_000);
});

test('while an edge does not show the new certificates, both pairs are listed and the old one is the pack’s', async (t) => {
  const { deps } = await given(t);
  const id = await givenActive(deps);
  const old = await packOf(deps, id);
  const stubborn: TestJobDeps = {
    ...deps,
    showLeaf: async (_edge, { algorithm }) =>
      shown(old.certificates.find((one) => one.algorithm === algorithm)?.fingerprint ?? ''),
  };
  await pass(stubborn, days(61));
  const meanwhile = await packOf(deps, id);
  assert.equal(meanwhile.status, 'active');
  assert.deepEqual(fingerprints(meanwhile), fingerprints(old));
  assert.match(meanwhile.validationErrors.join(), /edge edge-a serves .* with another certificate/);
  const { rows } = await deps.pool.query<{ wire: string }>('select wire from packs where id = $1', [id]);
  const wire: { certificates: { status: string }[]; primary_certificate: string } = JSON.parse(
    rows[0]?.wire ?? '',
  );
  assert.deepEqual(
    wire.certificates.map(({ status }) => status),
    ['active', 'active', 'pending_deployment', 'pending_deployment'],
  );
  assert.equal(wire.primary_certificate, old.certificates[0]?.id);
  // Edges are handed the new pairs.
  const chains = (await listKeyPairs(deps.pool, await packOf(deps, id))).map(({ chain }) => chain);
  assert.equal(chains.length, 2);

  await pass(deps, days(1));
  const done = await packOf(deps, id);
  assert.equal(new Set([...fingerprints(old), ...fingerprints(done)]).size, 4);
  assert.deepEqual(done.validationErrors, []);
  assert.deepEqual(
    (await listKeyPairs(deps.pool, await packOf(deps, id))).map(({ chain }) => chain),
    chains,
  );
});

test('a renewal that a CA refuses to the end is told, and tried until the certificates end; then the pack expires', async (t) => {
  const { deps, ca } = await given(t);
  const id = await givenActive(deps);
  const refusal = { problem: 'serverInternal', detail: 'nothing is issued today' } as const;
  ca.script({ on: 'new-order', fault: 'answer', ...refusal });
  await pass(deps, days(61));
  const waiting = await packOf(deps, id);
  assert.equal(waiting.status, 'active');
  assert.match(waiting.validationErrors.join(), /nothing is issued today/);

  for (let day = 61; day < 82; day++) await pass(deps, days(1));
  const hopeless = await packOf(deps, id);
  assert.equal(hopeless.status, 'pending_expiration');
  assert.match(hopeless.validationErrors.join(), /nothing is issued today/);

  await pass(deps, days(9));
  assert.equal((await packOf(deps, id)).status, 'expired');
});

test('a renewal that succeeds after it was given up brings the pack back to active', async (t) => {
  const { deps } = await given(t);
  const id = await givenActive(deps);
  await pass({ ...deps, cas: new Map() }, days(61));
  await pass({ ...deps, cas: new Map() }, days(21));
  await pass({ ...deps, cas: new Map() }, hours(2));
  assert.equal((await packOf(deps, id)).status, 'pending_expiration');
  await pass(deps, hours(2));
  const back = await packOf(deps, id);
  assert.equal(back.status, 'active');
  assert.deepEqual(back.validationErrors, []);
});

test('new certificates that an edge has not shown when the old ones end become the pack’s own, deployed in sight', async (t) => {
  const { deps } = await given(t);
  const id = await givenActive(deps);
  const blind = { ...deps, showLeaf: async () => undefined };
  await pass(blind, days(61));
  await pass(blind, days(30));
  const pack = await packOf(deps, id);
  assert.equal(pack.status, 'pending_deployment');
  assert.equal(pack.renewal, undefined);
  assert(pack.certificates.every(({ notAfter }) => notAfter > deps.clock.now()));
  await pass(deps, hours(1));
  assert.equal((await packOf(deps, id)).status, 'active');
});

test('a pack that is deleted while it is renewed goes, whatever its renewal has got', async (t) => {
  const { deps } = await given(t);
  const id = await givenActive(deps);
  await pass({ ...deps, showLeaf: async () => undefined }, days(61));
  const { zone } = await packOf(deps, id);
  await deps.pool.query('update zones set deleted_on = $2 where id = $1', [zone.id, deps.clock.now()]);
  const [stranded] = await listStranded(deps.pool, [], 1);
  await transaction(deps.pool, (tx) => override(tx, deps, stranded ?? assert.fail(), { event: 'delete' }));
  await pass({ ...deps, showLeaf: async () => undefined }, 1);
  assert.equal((await packOf(deps, id)).status, 'deleted');
});

test('packs that an older version put down without a plan are planned, those that end first at first', async (t) => {
  const { deps } = await given(t);
  const id = await givenActive(deps);
  const planned = await dueIn(deps, id);
  const remind = () => remindUnplanned(deps.pool, { cells: EVERY_CELL, limit: 10 }, deps.clock.now());
  assert.equal(await remind(), 0);
  for (const forgetful of ['renewal = null, due_at = expires_on', 'due_at = expires_on']) {
    await deps.pool.query(`update packs set ${forgetful} where id = $1`, [id]);
    assert.equal(await remind(), 1);
    await carryAll(deps);
    assert(Math.abs(((await dueIn(deps, id)) ?? 0) - (planned ?? 0)) <= 5);
  }
});
