import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  allVisible,
  carryAll,
  clear,
  dueIn,
  givenPack,
  givenZone,
  packOf,
  startDesk,
  type TestDesk,
} from '../../test/support/desk.ts';
import { orderFor, scriptedCa } from '../../test/support/scripted-ca.ts';
import type { CaOrder } from '../ca/ca.ts';
import { createCsr } from '../ca/csr.ts';
import { Fault, type FaultName } from '../kit/fault.ts';
import type { Algorithm } from '../pack/pack.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { keyPurpose } from './ordering.ts';

const ends = new AsyncDisposableStack();
let desk: TestDesk;
before(async () => {
  const plain = await startDesk(ends);
  desk = { ...plain, lookAtTxt: allVisible };
});
beforeEach(() => clear(desk));
after(() => ends.disposeAsync());

interface Asked {
  readonly url: string;
  readonly csr: Buffer;
  readonly storedCsr: Buffer | null | undefined;
  readonly sealedKey: Buffer | null | undefined;
}

/** What is stored of an order at the moment when the CA is asked to finalize it. */
async function asked({ url }: CaOrder, csr: Buffer): Promise<Asked> {
  const { rows } = await desk.pool.query<{ csr: Buffer | null; sealed_key: Buffer | null }>(
    `select csr, sealed_key from orders where state->>'url' = $1`,
    [url],
  );
  return { url, csr, storedCsr: rows[0]?.csr, sealedKey: rows[0]?.sealed_key };
}

/** Fails unless every stored certificate of the pack opens with the key that is sealed beside it. */
async function assertPairs(id: string): Promise<void> {
  const pairs = await listKeyPairs(desk.pool, id);
  assert.deepEqual(
    pairs.map(({ algorithm }) => algorithm),
    ['ecdsa', 'rsa'],
  );
  for (const { algorithm, chain, sealedKey } of pairs) {
    const key = createPrivateKey(desk.seal.open(sealedKey, keyPurpose(id, algorithm)));
    assert(new X509Certificate(chain).checkPrivateKey(key));
  }
}

test('the sealed key and the request are stored before the CA is asked to finalize', async (t) => {
  const all: Asked[] = [];
  const { cas } = scriptedCa(t, {
    finalize: async (order, csr) => {
      all.push(await asked(order, csr));
      throw new Fault('ca_unreachable', 'the CA does not answer');
    },
  });
  const at = { ...desk, cas };
  const id = await givenPack(at, await givenZone(desk, 'one.test'));
  await carryAll(at);
  const [one] = all;
  assert(one);
  assert(one.storedCsr?.equals(one.csr));
  const key = desk.seal.open(one.sealedKey ?? Buffer.alloc(0), keyPurpose(id, 'ecdsa'));
  assert.equal(createPrivateKey(key).asymmetricKeyType, 'ec');
});

test('after a crash while the CA finalizes, the same orders are finalized with the same keys', async (t) => {
  const all: Asked[] = [];
  const crash = new AbortController();
  const requests = new Map<string, Buffer>();
  const { cas, orders, sign } = scriptedCa(t, {
    finalize: async (order, csr) => {
      all.push(await asked(order, csr));
      requests.set(order.url, csr);
      if (all.length > 2) return { ...order, status: 'valid', certificateUrl: 'https://ca.test/cert' };
      if (all.length === 2) crash.abort();
      await delay(10_000, undefined, { signal: crash.signal });
      throw new Error('nobody crashed');
    },
    download: async ({ url }) => sign(requests.get(url) ?? Buffer.alloc(0)),
  });
  const at = { ...desk, cas };
  const id = await givenPack(at, await givenZone(desk, 'one.test'));
  await carryAll(at, crash.signal);
  desk.clock.advance(61);
  await carryAll(at);
  assert.equal(all.length, 4);
  const [first, second] = [all.slice(0, 2), all.slice(2)];
  for (const { url, csr, storedCsr } of second) {
    assert(storedCsr?.equals(csr));
    assert(first.find((one) => one.url === url)?.csr.equals(csr));
  }
  assert.equal(orders.length, 2);
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  await assertPairs(id);
});

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
    const at = { ...desk, cas };
    const id = await givenPack(at, await givenZone(desk, 'one.test'));
    await carryAll(at);
    const pack = await packOf(at, id);
    assert.equal(pack.status, 'pending_issuance');
    assert.deepEqual(
      pack.certificates.map(({ algorithm }) => algorithm),
      ['ecdsa'],
    );
    assert.deepEqual(finalized.toSorted(), ['ecdsa', 'rsa'], 'side by side');
    isWell = true;
    desk.clock.advance(90);
    await carryAll(at);
    assert.equal((await packOf(at, id)).status, 'pending_deployment');
    assert.deepEqual(finalized.slice(2), ['rsa']);
    await assertPairs(id);
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
  const at = { ...desk, cas };
  const id = await givenPack(at, await givenZone(desk, 'one.test'));
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  assert(csrs.length > 1 && csrs.every((csr) => csrs[0]?.equals(csr)), 'one request, one key');
  assert.equal(orders.length, 2);
  await assertPairs(id);
});

test('an order that took the place of one past its end is kept where the other order wants control shown', async (t) => {
  const soon = new Date(desk.clock.now().getTime() + 60_000);
  const { cas, orders } = slowAndUnproven(t, (order) => ({ ...order, expiresAt: soon }));
  const at = { ...desk, cas };
  const id = await givenPack(at, await givenZone(desk, 'one.test'));
  const crash = new AbortController();
  t.mock.method(desk.keys, 'take', () => {
    crash.abort();
    return Promise.reject(crash.signal.reason);
  });
  await carryAll(at, crash.signal);
  t.mock.restoreAll();
  desk.clock.advance(61);
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  assert.equal(orders.length, 3, 'the one that ended, one in its place, and one for RSA');
  await assertPairs(id);
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
  const at = { ...desk, cas };
  const id = await givenPack(at, await givenZone(desk, 'one.test'));
  await carryAll(at);
  assert.deepEqual((await packOf(at, id)).validationErrors, ['one.test: no; it is tried again'], 'said once');
  assert.equal(orders, 2);
  desk.clock.advance(61);
  await carryAll(at);
  assert.equal(orders, 3);
});

test('a certificate for another key is not stored, and its order is dropped', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const csr = await createCsr(privateKey, ['one.test']);
  const { cas, sign } = scriptedCa(t, { download: async () => sign(csr) });
  const at = { ...desk, cas };
  const id = await givenPack(at, await givenZone(desk, 'one.test'));
  await carryAll(at);
  const pack = await packOf(at, id);
  assert.equal(pack.status, 'pending_issuance');
  assert.match(pack.validationErrors.join(), /another public key/);
  assert.deepEqual(await listKeyPairs(desk.pool, id), []);
  const { rows } = await desk.pool.query('select algorithm from orders where pack_id = $1', [id]);
  assert.deepEqual(rows, []);
});

const impatient = (fault: FaultName) =>
  Promise.reject(new Fault(fault, 'too many orders; later, please', { retryAfter: 900 }));

for (const fault of ['ca_refused', 'ca_unreachable'] as const) {
  test(`a CA that wants patience is not asked before (${fault})`, async (t) => {
    const at = { ...desk, cas: scriptedCa(t, { order: () => impatient(fault) }).cas };
    const id = await givenPack(at, await givenZone(desk, 'one.test'));
    await carryAll(at);
    assert.equal(await dueIn(at, id), 900);
    assert.deepEqual((await packOf(at, id)).validationErrors, ['one.test: too many orders; later, please']);
  });
}
