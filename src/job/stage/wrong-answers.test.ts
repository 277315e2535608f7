/** A CA that answers what none should: nothing of it is stored or served, the pack says why, and goes on when it is right again. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
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
import type { TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  const plain = await startJobDeps(ends);
  deps = { ...plain, precheckTxt: allVisible };
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const HOST = 'shop.test';

/** Certificates that were not ordered. */
const CERTIFICATES: readonly (readonly [what: string, rule: TestRule, words: RegExp])[] = [
  [
    'a certificate for other names',
    { on: 'finalize', fault: 'leaf', names: ['bank.test'] },
    /is for bank\.test instead of shop\.test/,
  ],
  [
    'a certificate for a name more',
    { on: 'finalize', fault: 'leaf', names: ['shop.test', 'bank.test'] },
    /is for shop\.test, bank\.test instead of shop\.test/,
  ],
  [
    'a certificate with another key',
    { on: 'finalize', fault: 'leaf', key: 'other' },
    /has another public key than the request/,
  ],
  ['a leaf alone', chainOf({ parts: ['leaf'] }), /comes without the certificate of its issuer/],
  [
    'the chain of another issuer',
    chainOf({ parts: ['leaf', 'stranger'] }),
    /comes without the certificate of its issuer/,
  ],
  ['a chain that breaks off', chainOf({ bytes: 300 }), /cannot be had/],
  ['bytes that are no certificate', chainOf({ is_garbled: true }), /another public key/],
  ['its own certificate', chainOf({ parts: ['issuer'] }), /another public key|is one of a CA/],
  ['a private key', chainOf({ parts: ['key'] }), /cannot be had/],
  ['no certificate', chainOf({ parts: [] }), /cannot be had/],
];

function chainOf(told: Omit<Extract<TestRule, { fault: 'chain' }>, 'fault'>): TestRule {
  return { on: 'certificate', fault: 'chain', ...told };
}

const json = { 'content-type': 'application/json' };
const html = { 'content-type': 'text/html' };

/** Carries the pack on until it rests; it is due again later each time. */
async function carry(at: TestJobDeps, id: string): Promise<void> {
  await carryAll(at);
  assert.notEqual(await dueIn(at, id), undefined);
}

async function assertNothingServed(id: string): Promise<void> {
  const { rows } = await deps.pool.query(
    `select chain from certificates where pack_id = $1
     union all select host from served_hosts where pack_id = $1 union all select edge from deployments where pack_id = $1`,
    [id],
  );
  assert.deepEqual(rows, []);
}

async function assertRecovers(at: TestJobDeps, id: string): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    deps.clock.advance(Math.max(1, (await dueIn(at, id)) ?? 0));
    await carryAll(at);
    if ((await packOf(at, id)).certificates.length === 2) break;
  }
  const { status, certificates } = await packOf(at, id);
  assert.equal(certificates.length, 2);
  assert.ok(['pending_deployment', 'active'].includes(status), status);
  const { rows } = await deps.pool.query<{ chain: string }>(
    'select chain from certificates where pack_id = $1',
    [id],
  );
  for (const { chain } of rows) assert.equal(new X509Certificate(chain).subjectAltName, `DNS:${HOST}`);
}

for (const [what, rule, words] of CERTIFICATES) {
  test(`a CA that delivers ${what} gets nothing served, and is told of in the pack`, async (t) => {
    const { at, ca } = await withCa(t, deps, { rules: [rule] });
    const id = await givenPack(at, await givenZone(at, HOST));
    await carry(at, id);
    const { status, validationErrors } = await packOf(at, id);
    assert.equal(status, 'pending_issuance');
    assert.match(validationErrors.join(), words);
    assert.match(
      validationErrors.join(),
      /shop\.test: .*; it is not used, and (ordered anew: at most 1 more is ordered in 24 hours .*|asked for again)$/,
    );
    assert.doesNotMatch(validationErrors.join(), /PRIVATE|-----/);
    await assertNothingServed(id);
    ca.script();
    await assertRecovers(at, id);
  });
}

/** Steps of an order, each a kind of requests. */
const STEPS = ['new-order', 'authorization', 'challenge', 'order', 'finalize', 'certificate'] as const;

for (const [what, rule, words] of [
  [
    'HTML',
    { fault: 'answer', headers: html, body: '<html><h1>Welcome</h1></html>' },
    /HTTP 200 with content of type "text\/html|without the URL of what it made/,
  ],
  ['10 MB', { fault: 'answer', headers: json, body: ' ', repeat: 10 * 2 ** 20 }, /more than \d+ bytes/],
  ['drop by drop', { fault: 'drip', seconds: 0.05 }, /did not answer in time/],
] as const) {
  for (const on of STEPS) {
    test(`a CA that answers ${what} at the step '${on}' ends nothing, and is told of in the pack`, async (t) => {
      const { at, ca } = await withCa(t, deps, { rules: [{ ...rule, on }], within: 1.5 });
      const id = await givenPack(at, await givenZone(at, HOST));
      await carry(at, id);
      const { status, validationErrors } = await packOf(at, id);
      assert.ok(['initializing', 'pending_validation', 'pending_issuance'].includes(status), status);
      assert.match(validationErrors.join(), words);
      assert.match(
        validationErrors.join(),
        /shop\.test: .*; it is (tried again|not used, and asked for again)$/,
      );
      await assertNothingServed(id);
      ca.script();
      await assertRecovers(at, id);
    });
  }
}
