import assert from 'node:assert/strict';
import { it } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import type { Seen } from '../../test/support/scripted-server.ts';
import { memoryAccounts, smallCa } from '../../test/support/small-ca.ts';
import { systemClock } from '../kit/clock.ts';
import type { CaOrder } from './ca.ts';
import { documentedRows } from './configuration.ts';
import { createCa } from './registry.ts';

const OPENSSL = needs('openssl');
const signal = AbortSignal.timeout(60_000);

it(
  'asks for no authorization again that it knows to be valid, where an order is ready from the start',
  OPENSSL,
  async (t) => {
    const hosts = ['a.example', 'b.example'];
    let others = 0;
    /** Answers a second order with the authorizations of the first, but for those that are counted in `others`. */
    const before = ({ path }: Seen) => {
      if (path !== '/order' || small.orders.length === 0) return undefined;
      const url = small.directory.replace('/directory', '');
      const authorizations = hosts.map((_, i) => `${url}/authz/0/${i}${i < others ? '?' : ''}`);
      const identifiers = hosts.map((value) => ({ type: 'dns', value }));
      const body = { status: 'ready', identifiers, authorizations, finalize: `${url}/finalize/0` };
      return { status: 201, headers: { location: '/orders/0' }, body };
    };
    const small = await smallCa(t, { before });
    const row = { ...documentedRows.google, directoryUrl: small.directory, hasAgreedToTerms: true };
    const ca = createCa(row, { accounts: memoryAccounts(), clock: systemClock() });
    const ask = { names: hosts, algorithm: 'ecdsa' } as const;
    const order = await ca.order(ask, signal);
    const { authorizations: valid } = await ca.validate(order, signal);
    const requestsOf = async (known: CaOrder['authorizations']) => {
      const sent = small.requests.length;
      const again = await ca.order({ ...ask, algorithm: 'rsa', valid: known }, signal);
      assert.equal(again.status, 'ready');
      assert.deepEqual(
        again.authorizations.map(({ name, status }) => [name, status]),
        hosts.map((name) => [name, 'valid']),
      );
      return small.requests.length - sent;
    };
    assert.equal(await requestsOf(valid), 1, 'all are known');
    assert.equal(await requestsOf(valid.slice(1)), 3, 'one is not known');
    others = 1;
    assert.equal(await requestsOf(valid), 3, 'one is another');
  },
);
