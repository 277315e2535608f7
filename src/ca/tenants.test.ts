/** A CA at which each account of ours has an account of its own. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { memoryAccounts } from '../../test/support/memory-accounts.ts';
import { simulatedCa } from '../../test/support/simulator/simulated-ca.ts';
import { KeyPool } from '../key/key-pool.ts';
import { systemClock } from '../kit/clock.ts';
import type { Ca, CaOrder } from './ca.ts';
import { createCsr } from './csr.ts';
import { createCa } from './registry.ts';

const signal = AbortSignal.timeout(60_000);
const names = ['one.test'];
const ask = { names, method: 'txt', algorithm: 'ecdsa' } as const;

/** The same simulated CA with an account for each tenant, and with one for all. */
async function given(t: TestContext) {
  const simulated = await simulatedCa(t);
  const deps = { accounts: memoryAccounts(), clock: systemClock() };
  const apart = () => createCa({ ...simulated.row, hasAccountPerTenant: true }, deps);
  const { ledger } = simulated.server;
  const ownerOf = ({ url }: CaOrder) => ledger.orders.get(url.split('/').at(-1) ?? '')?.accountId;
  return { ledger, ownerOf, apart, shared: createCa(simulated.row, deps) };
}

/** The chain of an order that is carried to its end. */
async function chainOf(t: TestContext, ca: Ca, order: CaOrder): Promise<string> {
  const pool = new KeyPool({ size: 0, atOnce: 1 });
  t.after(() => pool.close());
  const csr = await createCsr(await pool.take('ecdsa'), names);
  const ready = order.status === 'pending' ? await ca.validate(order, signal) : order;
  return ca.download(await ca.finalize(ready, csr, signal), signal);
}

test('each tenant orders by its own account, ever after and in every process, and none has what another has shown', async (t) => {
  const { ledger, ownerOf, apart } = await given(t);
  const ca = apart();
  const first = await ca.order({ ...ask, tenant: 'a' }, signal);
  await chainOf(t, ca, first);
  const other = await ca.order({ ...ask, tenant: 'b' }, signal);
  assert.equal(other.status, 'pending', 'what a has shown is not for b');
  const again = await apart().order({ ...ask, tenant: 'a' }, signal);
  assert.equal(again.status, 'ready');
  assert.equal(ledger.accounts.size, 2);
  assert.equal(ownerOf(again), ownerOf(first));
  assert.notEqual(ownerOf(other), ownerOf(first));
  const uris = await Promise.all(['a', 'b'].map((tenant) => ca.caaNames({ ...ask, tenant }, signal)));
  assert.deepEqual(
    uris.map(({ accountUri }) => accountUri.split('/').at(-1)),
    [ownerOf(first), ownerOf(other)],
  );
});

test('what the account of all began goes on as it began when tenants get accounts of their own', async (t) => {
  const { ownerOf, apart, shared } = await given(t);
  const begun = await shared.order({ ...ask, tenant: 'a' }, signal);
  const ca = apart();
  const chain = await chainOf(t, ca, await ca.look(begun, signal));
  assert.match(chain, /BEGIN CERTIFICATE/);
  const own = await ca.order({ ...ask, tenant: 'a' }, signal);
  assert.notEqual(ownerOf(own), ownerOf(begun));
  const [authorization = assert.fail()] = own.authorizations;
  assert.equal(await shared.deactivate({ url: authorization.url, tenant: 'a' }, signal), true);
});

test('a certificate is revoked as the account that ordered it, its tenant’s or that of all', async (t) => {
  const { ledger, apart, shared } = await given(t);
  const earlier = await chainOf(t, shared, await shared.order({ ...ask, tenant: 'a' }, signal));
  const ca = apart();
  const own = await chainOf(t, ca, await ca.order({ ...ask, tenant: 'a' }, signal));
  const how = { algorithm: 'ecdsa', reason: 'superseded', tenant: 'a' } as const;
  for (const chain of [earlier, own]) await ca.revoke({ ...how, chain }, signal);
  const revoked = [...ledger.certificates.values()].map((one) => one.revoked?.reason);
  assert.deepEqual(revoked, [4, 4]);
});

test('giving up an authorization says whether the CA let go of it', async (t) => {
  const { ledger, shared } = await given(t);
  const { authorizations } = await shared.order(ask, signal);
  const [{ url } = assert.fail()] = authorizations;
  for (const again of [false, true])
    assert.equal(await shared.deactivate({ url }, signal), true, again ? 'it is over already' : '');
  assert.equal([...ledger.authorizations.values()][0]?.status, 'deactivated');
  const unknown = new URL('nothing', url).href;
  assert.equal(await shared.deactivate({ url: unknown }, signal), true, 'nobody has what is not there');
});
