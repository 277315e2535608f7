import assert from 'node:assert/strict';
import { it } from 'node:test';
import { memoryAccounts } from '../../test/support/memory-accounts.ts';
import { simulatedCa } from '../../test/support/simulator/simulated-ca.ts';
import { systemClock } from '../kit/clock.ts';
import type { CaOrder } from './ca.ts';
import { createCa } from './registry.ts';

const signal = AbortSignal.timeout(60_000);

it('asks for no authorization again that it knows to be valid, where an order is ready from the start', async (t) => {
  const hosts = ['a.example', 'b.example'];
  const { row, requests, script, server } = await simulatedCa(t, { name: 'google' });
  const ca = createCa(row, { accounts: memoryAccounts(), clock: systemClock() });
  const ask = { names: hosts, method: 'txt', algorithm: 'ecdsa' } as const;
  const order = await ca.order(ask, signal);
  const { authorizations: valid } = await ca.validate(order, signal);
  const requestsOf = async (known: CaOrder['authorizations']) => {
    const sent = requests.length;
    const again = await ca.order({ ...ask, algorithm: 'rsa', valid: known }, signal);
    assert.equal(again.status, 'ready');
    assert.deepEqual(
      again.authorizations.map(({ name, status }) => [name, status]),
      hosts.map((name) => [name, 'valid']),
    );
    return requests.length - sent;
  };
  assert.equal(await requestsOf(valid), 1, 'all are known');
  assert.equal(await requestsOf(valid.slice(1)), 3, 'one is not known');
  const [first, second] = valid.map(({ url }) => url);
  script({ on: 'new-order', fault: 'patch', body: { authorizations: [`${first}?other`, second] } });
  assert.equal(await requestsOf(valid), 3, 'one is another');
  assert.equal(server.ledger.authorizations.size, 2);
});
