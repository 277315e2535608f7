import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
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
import type { TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { keyPurpose } from '../../key/purpose.ts';
import { Fault, type FaultName } from '../../kit/fault.ts';
import { minutes } from '../../kit/time.ts';
import type { Step } from '../../simulator/faults/fault.ts';
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

/** Notes what is stored of an order at the moment when the CA is asked to finalize it. */
const noting =
  (all: Asked[]): Step =>
  async (exchange, next) => {
    const url = exchange.ca.url(exchange.target).replace(/\/finalize$/, '');
    const { rows } = await deps.pool.query<{ csr: Buffer | null; sealed_key: Buffer | null }>(
      `select csr, sealed_key from orders where state->>'url' = $1`,
      [url],
    );
    const csr = Buffer.from(String(exchange.payload?.['csr']), 'base64url');
    all.push({ url, csr, storedCsr: rows[0]?.csr, sealedKey: rows[0]?.sealed_key });
    return next(exchange);
  };

test('the sealed key and the request are stored before the CA is asked to finalize', async (t) => {
  const all: Asked[] = [];
  const { at } = await withCa(t, deps, {
    rules: [
      { on: 'finalize', step: noting(all) },
      { on: 'finalize', fault: 'answer', status: 502 },
    ],
  });
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  const one = all.find(({ csr }) => csr.length < 350);
  assert(one);
  assert(one.storedCsr?.equals(one.csr));
  const key = deps.seal.open(one.sealedKey ?? Buffer.alloc(0), keyPurpose(id, 'ecdsa'));
  assert.equal(createPrivateKey(key).asymmetricKeyType, 'ec');
});

for (const [when, takesEffect] of [
  ['the CA finalizes', false],
  ['the answer of the CA that finalized is lost', true],
] as const) {
  test(`after a crash while ${when}, the same orders are finalized with the same keys`, async (t) => {
    const all: Asked[] = [];
    const crash = new AbortController();
    const silence: TestRule = { on: 'finalize', times: 2, fault: 'silence', takes_effect: takesEffect };
    const { at, ca } = await withCa(t, deps, {
      rules: [
        { on: 'finalize', step: noting(all) },
        {
          on: 'finalize',
          at: 2,
          step: async (exchange, next) => {
            const answer = await next(exchange);
            crash.abort();
            return answer;
          },
        },
        silence,
      ],
    });
    const id = await givenPack(at, await givenZone(deps, 'one.test'));
    await carryAll(at, crash.signal);
    deps.clock.advance(61);
    await carryAll(at);
    assert.equal(all.length, takesEffect ? 2 : 4, 'what was finalized is not finalized again');
    const [first, second] = [all.slice(0, 2), all.slice(2)];
    for (const { url, csr, storedCsr } of second) {
      assert(storedCsr?.equals(csr));
      assert(first.find((one) => one.url === url)?.csr.equals(csr));
    }
    assert.equal(ca.server.ledger.orders.size, 2);
    assert.equal(ca.server.ledger.certificates.size, 2);
    assert.equal((await packOf(at, id)).status, 'pending_deployment');
    await assertPairs(deps, id);
  });
}

test('a certificate for another key is not stored; it is asked for again, and ordered anew after a while', async (t) => {
  const { at, ca } = await withCa(t, deps, { rules: [{ on: 'finalize', fault: 'leaf', key: 'other' }] });
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  const pack = await packOf(at, id);
  assert.equal(pack.status, 'pending_issuance');
  assert.match(pack.validationErrors.join(), /another public key .*; it is not used, and asked for again$/);
  assert.deepEqual(await listKeyPairs(deps.pool, await packOf(deps, id)), []);
  assert.equal(ca.server.ledger.certificates.size, 2);
  deps.clock.advance(minutes(16));
  await carryAll(at);
  assert.match((await packOf(at, id)).validationErrors.join(), /another public key .*, and ordered anew/);
});

const impatient = (fault: FaultName) =>
  Promise.reject(new Fault(fault, 'too many orders; later, please', { retryAfter: 900 }));

for (const fault of ['ca_refused', 'ca_unreachable'] as const) {
  test(`a CA that wants patience is not asked before (${fault})`, async (t) => {
    const { at } = await withCa(t, deps, { steps: { order: () => impatient(fault) } });
    const id = await givenPack(at, await givenZone(deps, 'one.test'));
    await carryAll(at);
    assert.equal(await dueIn(at, id), 600, 'ten minutes at first');
    assert.deepEqual((await packOf(at, id)).validationErrors, ['one.test: too many orders; later, please']);
    deps.clock.advance(600);
    await carryAll(at);
    assert.equal(await dueIn(at, id), 900);
  });
}
