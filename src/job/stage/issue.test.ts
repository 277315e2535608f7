import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  allVisible,
  carryAll,
  clear,
  dueIn,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { assertPairs } from '../../../test/support/key-pairs.ts';
import { scriptedCa } from '../../../test/support/scripted-ca.ts';
import type { CaOrder } from '../../ca/ca.ts';
import { createCsr } from '../../ca/csr.ts';
import { keyPurpose } from '../../key/purpose.ts';
import { Fault, type FaultName } from '../../kit/fault.ts';
import { listKeyPairs } from '../../store/certificates.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  const plain = await startJobDeps(ends);
  deps = { ...plain, precheckTxt: allVisible };
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

interface Asked {
  readonly url: string;
  readonly csr: Buffer;
  readonly storedCsr: Buffer | null | undefined;
  readonly sealedKey: Buffer | null | undefined;
}

/** What is stored of an order at the moment when the CA is asked to finalize it. */
async function asked({ url }: CaOrder, csr: Buffer): Promise<Asked> {
  const { rows } = await deps.pool.query<{ csr: Buffer | null; sealed_key: Buffer | null }>(
    `select csr, sealed_key from orders where state->>'url' = $1`,
    [url],
  );
  return { url, csr, storedCsr: rows[0]?.csr, sealedKey: rows[0]?.sealed_key };
}

test('the sealed key and the request are stored before the CA is asked to finalize', async (t) => {
  const all: Asked[] = [];
  const { cas } = scriptedCa(t, {
    finalize: async (order, csr) => {
      all.push(await asked(order, csr));
      throw new Fault('ca_unreachable', 'the CA does not answer');
    },
  });
  const at = { ...deps, cas };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  const [one] = all;
  assert(one);
  assert(one.storedCsr?.equals(one.csr));
  const key = deps.seal.open(one.sealedKey ?? Buffer.alloc(0), keyPurpose(id, 'ecdsa'));
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
  const at = { ...deps, cas };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at, crash.signal);
  deps.clock.advance(61);
  await carryAll(at);
  assert.equal(all.length, 4);
  const [first, second] = [all.slice(0, 2), all.slice(2)];
  for (const { url, csr, storedCsr } of second) {
    assert(storedCsr?.equals(csr));
    assert(first.find((one) => one.url === url)?.csr.equals(csr));
  }
  assert.equal(orders.length, 2);
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  await assertPairs(deps, id);
});

test('a certificate for another key is not stored, and its order is dropped', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const csr = await createCsr(privateKey, ['one.test']);
  const { cas, sign } = scriptedCa(t, { download: async () => sign(csr) });
  const at = { ...deps, cas };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  const pack = await packOf(at, id);
  assert.equal(pack.status, 'pending_issuance');
  assert.match(pack.validationErrors.join(), /another public key/);
  assert.deepEqual(await listKeyPairs(deps.pool, await packOf(deps, id)), []);
  const { rows } = await deps.pool.query('select algorithm from orders where pack_id = $1', [id]);
  assert.deepEqual(rows, []);
});

const impatient = (fault: FaultName) =>
  Promise.reject(new Fault(fault, 'too many orders; later, please', { retryAfter: 900 }));

for (const fault of ['ca_refused', 'ca_unreachable'] as const) {
  test(`a CA that wants patience is not asked before (${fault})`, async (t) => {
    const at = { ...deps, cas: scriptedCa(t, { order: () => impatient(fault) }).cas };
    const id = await givenPack(at, await givenZone(deps, 'one.test'));
    await carryAll(at);
    assert.equal(await dueIn(at, id), 900);
    assert.deepEqual((await packOf(at, id)).validationErrors, ['one.test: too many orders; later, please']);
  });
}
