/** Certificates of one pack that are got at the same time, and go different ways. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { assertPairs } from '../../../test/support/key-pairs.ts';
import type { TestCa, TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import type { Algorithm } from '../../pack/pack.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  const plain = await startJobDeps(ends);
  deps = { ...plain, precheckTxt: allVisible };
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

/** Asks to come back in a minute: nobody waits for that. */
const IN_A_MINUTE = { 'retry-after': '60' };

const RSA = { on: 'finalize', algorithm: 'rsa' } as const;

const GONE_WRONG: Readonly<Record<string, readonly TestRule[]>> = {
  'is refused': [{ ...RSA, fault: 'issuance', problem: 'caa', detail: 'no' }],
  'takes its time': [
    { ...RSA, fault: 'stall', seconds: 80 },
    { ...RSA, fault: 'patch', headers: IN_A_MINUTE },
  ],
  'cannot be got': [{ ...RSA, fault: 'cut' }],
};
for (const [what, rules] of Object.entries(GONE_WRONG)) {
  test(`the certificate that was got is stored where the other ${what}, and is not asked for again`, async (t) => {
    const { at, ca } = await withCa(t, deps, { rules });
    const id = await givenPack(at, await givenZone(deps, 'one.test'));
    await carryAll(at);
    const pack = await packOf(at, id);
    assert.equal(pack.status, 'pending_issuance');
    assert.deepEqual(
      pack.certificates.map(({ algorithm }) => algorithm),
      ['ecdsa'],
    );
    const earlier = ca.requests.length;
    const first = new Set(csrsAt(ca).map(({ algorithm }) => algorithm));
    assert.deepEqual([...first].toSorted(), ['ecdsa', 'rsa'], 'side by side');
    ca.script();
    // What the CA takes up when its time has come it has to sign first.
    for (let i = 0; i < 20 && (await packOf(at, id)).status === 'pending_issuance'; i++) {
      deps.clock.advance(90);
      await carryAll(at);
    }
    assert.equal((await packOf(at, id)).status, 'pending_deployment');
    const later = csrsAt(ca, earlier).map(({ algorithm }) => algorithm);
    assert.deepEqual(later, what === 'takes its time' ? [] : ['rsa']);
    assert.equal(ca.server.ledger.certificates.size, 2);
    await assertPairs(deps, id);
  });
}

/** The certificate requests that the CA was sent, those from one request on. */
const csrsAt = ({ seen }: TestCa, from = 0): { readonly algorithm: Algorithm; readonly csr: string }[] =>
  seen.slice(from).flatMap(({ payload }) => {
    const csr = payload?.['csr'];
    if (typeof csr !== 'string') return [];
    return [{ csr, algorithm: csr.length > 470 ? 'rsa' : 'ecdsa' }];
  });

/** ECDSA orders are ready from the start and valid at the second look, RSA orders want control shown. */
const SLOW_AND_UNPROVEN: readonly TestRule[] = [
  { on: 'new-order', at: 1, fault: 'terms', presumes_control: true },
  { on: 'new-order', from: 2, fault: 'terms', reuses_authorizations: false },
  {
    on: 'finalize',
    algorithm: 'ecdsa',
    at: 1,
    fault: 'patch',
    body: { status: 'processing' },
    headers: IN_A_MINUTE,
  },
];

test('a request that the CA has is kept where the other order wants control shown', async (t) => {
  const { at, ca } = await withCa(t, deps, { rules: SLOW_AND_UNPROVEN, row: { presumesControl: true } });
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'pending_issuance', 'the CA wants to be asked in a minute');
  deps.clock.advance(61);
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  const csrs = csrsAt(ca).filter(({ algorithm }) => algorithm === 'ecdsa');
  assert.equal(csrs.length, 1, 'one request, one key');
  assert(ca.requests.filter((one) => one === 'POST challenge').length === 1, 'for RSA');
  assert.equal(ca.server.ledger.orders.size, 2);
  await assertPairs(deps, id);
});

test('an order that took the place of one past its end is kept where the other order wants control shown', async (t) => {
  const expires = new Date(deps.clock.now().getTime() + 60_000).toISOString();
  const { at, ca } = await withCa(t, deps, {
    row: { presumesControl: true },
    rules: [
      { on: 'new-order', at: 1, fault: 'patch', body: { expires } },
      { on: 'new-order', at: 2, fault: 'terms', presumes_control: true },
      ...SLOW_AND_UNPROVEN.map((rule) => (rule.from === 2 ? { ...rule, from: 3 } : rule)),
    ],
  });
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  const crash = new AbortController();
  t.mock.method(deps.keys, 'take', () => {
    crash.abort();
    return Promise.reject(crash.signal.reason);
  });
  await carryAll(at, crash.signal);
  t.mock.restoreAll();
  for (let minute = 0; minute < 2; minute += 1) {
    deps.clock.advance(61);
    await carryAll(at);
  }
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  assert.equal(ca.server.ledger.orders.size, 3, 'the one that ended, one in its place, and one for RSA');
  await assertPairs(deps, id);
});

test('after something went wrong one certificate is tried before an order for the other is spent', async (t) => {
  const { at, ca } = await withCa(t, deps, {
    rules: [{ on: 'finalize', fault: 'issuance', problem: 'caa', detail: 'no' }],
  });
  const orders = () => ca.server.ledger.orders.size;
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  const { validationErrors } = await packOf(at, id);
  assert.match(
    validationErrors.join(),
    /^lets_encrypt refused to issue for one\.test: no; allow this CA in /,
  );
  assert.equal(validationErrors.length, 1, 'said once');
  assert.equal(orders(), 2);
  deps.clock.advance(61);
  await carryAll(at);
  assert.equal(orders(), 3);
});
