/** An order answers as soon as it is known what to show, or why that is not known. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { createCa } from '../../src/ca/registry.ts';
import { startWorker } from '../../src/job/engine/worker.ts';
import { KeyedSignal } from '../../src/kit/keyed-signal.ts';
import type { Pack, PackZone } from '../../src/pack/pack.ts';
import { createToken } from '../../src/store/tokens.ts';
import { apiOn } from '../support/api.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../support/job-deps.ts';
import { memoryAccounts } from '../support/memory-accounts.ts';
import { withCa } from '../support/simulator/with-ca.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

interface Answer {
  readonly messages: readonly { readonly message: string }[];
  readonly result: {
    readonly status: string;
    readonly validation_errors: readonly { readonly message: string }[];
  };
}

for (const [where, isShared] of [
  ['this process', true],
  ['another process', false],
] as const) {
  test(`an order whose CA is away says so at once, where ${where} works on it`, {
    timeout: 60_000,
  }, async (t) => {
    const { ca } = await withCa(t, deps);
    // Nobody listens there.
    const away = createCa(
      { ...ca.row, directoryUrl: 'http://127.0.0.1:9/directory' },
      { accounts: memoryAccounts(), clock: deps.clock },
    );
    const moves = new KeyedSignal<Pack>();
    const cas = new Map([[ca.row.name, away]]);
    const worker = startWorker({ ...deps, cas, moves }, 4);
    t.after(() => worker.stop());
    const api = await apiOn(ends, deps);
    const app = await buildApi({
      ...api.deps,
      orderWait: 20,
      rows: new Map([[ca.row.name, ca.row]]),
      moves: isShared ? moves : new KeyedSignal(),
      poke: isShared ? worker.poke : () => undefined,
    });
    t.after(() => app.close());
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const zone = await givenZone(deps, isShared ? 'one.test' : 'two.test');
    const began = performance.now();
    const {
      status,
      body: { result },
    } = await order(url, zone, ca.row.name);
    assert.equal(status, 200);
    assert.equal(result.status, 'initializing');
    assert.match(result.validation_errors[0]?.message ?? '', /nobody listens there \(ECONNREFUSED\)/);
    assert(performance.now() - began < 5_000, 'it does not wait for what cannot come');
  });
}

test('an order whose CA is known to be away says so at once, though it hangs on every question', {
  timeout: 60_000,
}, async (t) => {
  const { ca } = await withCa(t, deps);
  const api = await apiOn(ends, deps);
  const app = await buildApi({
    ...api.deps,
    orderWait: 20,
    rows: new Map([[ca.row.name, ca.row]]),
    caTrouble: (name) => (name === ca.row.name ? 'it did not answer in time' : undefined),
  });
  t.after(() => app.close());
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const zone = await givenZone(deps, 'three.test');
  const began = performance.now();
  const { status, body } = await order(url, zone, ca.row.name);
  assert.deepEqual([status, body.result.status], [200, 'initializing']);
  assert.match(
    body.messages[0]?.message ?? '',
    /lets_encrypt does not work now \(it did not answer in time\)/,
  );
  assert(performance.now() - began < 5_000);
});

async function order(url: string, zone: PackZone, ca: string): Promise<{ status: number; body: Answer }> {
  const token = await createToken(
    deps.pool,
    { accountId: zone.accountId, name: 'x', access: 'write' },
    deps.clock.now(),
  );
  const answer = await fetch(`${url}/client/v4/zones/${zone.id}/ssl/certificate_packs/order`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      type: 'advanced',
      hosts: [zone.name],
      certificate_authority: ca,
      validation_method: 'txt',
      validity_days: 90,
    }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}
