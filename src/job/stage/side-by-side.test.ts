/** Certificates of one pack that are got at the same time, and go different ways. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
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
import { orderFor, scriptedCa } from '../../../test/support/scripted-ca.ts';
import type { CaOrder } from '../../ca/ca.ts';
import { Fault } from '../../kit/fault.ts';
import type { Algorithm } from '../../pack/pack.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  const plain = await startJobDeps(ends);
  deps = { ...plain, precheckTxt: allVisible };
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

/** Finalizes as the scripted CA does, but for RSA, of which `finalizeRsa` says what comes. */
function whereRsa(t: TestContext, finalizeRsa: (order: CaOrder) => Promise<CaOrder>) {
  const requests = new Map<string, Buffer>();
  const finalized: Algorithm[] = [];
  const made = scriptedCa(t, {
    finalize: async (order, csr) => {
      const algorithm = csr.length > 350 ? 'rsa' : 'ecdsa';
      finalized.push(algorithm);
      requests.set(order.url, csr);
      const url = { certificateUrl: `${order.url}/cert` };
      return algorithm === 'rsa' ? finalizeRsa(order) : { ...order, status: 'valid', ...url };
    },
    order: async ({ names, algorithm }) => orderFor(names, algorithm === 'rsa' ? 'valid' : 'pending'),
    download: async ({ url }) => made.sign(requests.get(url) ?? Buffer.alloc(0)),
  });
  return { cas: made.cas, finalized };
}

const GONE_WRONG: Readonly<Record<string, (order: CaOrder) => Promise<CaOrder>>> = {
  'is refused': async (order) => ({ ...order, status: 'invalid', problem: 'one.test: no' }),
  'takes its time': async (order) => ({ ...order, status: 'processing' }),
  'cannot be got': () => Promise.reject(new Fault('ca_unreachable', 'one.test: no answer')),
};
for (const [what, finalizeRsa] of Object.entries(GONE_WRONG)) {
  test(`the certificate that was got is stored where the other ${what}, and is not asked for again`, async (t) => {
    let isWell = false;
    const { cas, finalized } = whereRsa(t, (order) =>
      isWell
        ? Promise.resolve({ ...order, status: 'valid', certificateUrl: `${order.url}/cert` })
        : finalizeRsa(order),
    );
    const at = { ...deps, cas };
    const id = await givenPack(at, await givenZone(deps, 'one.test'));
    await carryAll(at);
    const pack = await packOf(at, id);
    assert.equal(pack.status, 'pending_issuance');
    assert.deepEqual(
      pack.certificates.map(({ algorithm }) => algorithm),
      ['ecdsa'],
    );
    assert.deepEqual(finalized.toSorted(), ['ecdsa', 'rsa'], 'side by side');
    isWell = true;
    deps.clock.advance(90);
    await carryAll(at);
    assert.equal((await packOf(at, id)).status, 'pending_deployment');
    assert.deepEqual(finalized.slice(2), ['rsa']);
    await assertPairs(deps, id);
  });
}

/** ECDSA orders are ready from the start and valid at the second look, RSA orders want control shown. */
function slowAndUnproven(t: TestContext, firstOrder: (order: CaOrder) => CaOrder = (order) => order) {
  const requests = new Map<string, Buffer>();
  const csrs: Buffer[] = [];
  const { cas, orders, sign } = scriptedCa(t, {
    order: async ({ names, algorithm }) => {
      const order = orderFor(names, algorithm === 'rsa' ? 'pending' : 'valid');
      orders.push(order);
      return orders.length === 1 ? firstOrder(order) : order;
    },
    finalize: async (order, csr) => {
      if (!requests.has(order.url)) requests.set(order.url, csr);
      if (csr.length < 350) csrs.push(csr);
      if (csr.length < 350 && csrs.length === 1) return { ...order, status: 'processing' };
      return { ...order, status: 'valid', certificateUrl: `${order.url}/cert` };
    },
    download: async ({ url }) => sign(requests.get(url) ?? Buffer.alloc(0)),
  });
  return { cas, orders, csrs };
}

test('a request that the CA has is kept where the other order wants control shown', async (t) => {
  const { cas, orders, csrs } = slowAndUnproven(t);
  const at = { ...deps, cas };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  assert(csrs.length > 1 && csrs.every((csr) => csrs[0]?.equals(csr)), 'one request, one key');
  assert.equal(orders.length, 2);
  await assertPairs(deps, id);
});

test('an order that took the place of one past its end is kept where the other order wants control shown', async (t) => {
  const soon = new Date(deps.clock.now().getTime() + 60_000);
  const { cas, orders } = slowAndUnproven(t, (order) => ({ ...order, expiresAt: soon }));
  const at = { ...deps, cas };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  const crash = new AbortController();
  t.mock.method(deps.keys, 'take', () => {
    crash.abort();
    return Promise.reject(crash.signal.reason);
  });
  await carryAll(at, crash.signal);
  t.mock.restoreAll();
  deps.clock.advance(61);
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  assert.equal(orders.length, 3, 'the one that ended, one in its place, and one for RSA');
  await assertPairs(deps, id);
});

test('after something went wrong one certificate is tried before an order for the other is spent', async (t) => {
  let orders = 0;
  const { cas } = scriptedCa(t, {
    order: async ({ names }) => {
      orders += 1;
      return orderFor(names, orders === 1 ? 'pending' : 'valid');
    },
    finalize: async (order) => ({ ...order, status: 'invalid', problem: 'one.test: no' }),
  });
  const at = { ...deps, cas };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert.deepEqual((await packOf(at, id)).validationErrors, ['one.test: no; it is tried again'], 'said once');
  assert.equal(orders, 2);
  deps.clock.advance(61);
  await carryAll(at);
  assert.equal(orders, 3);
});
