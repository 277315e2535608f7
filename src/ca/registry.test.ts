import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { memoryAccounts } from '../../test/support/memory-accounts.ts';
import { simulatedCa, type TestCa, type TestRule } from '../../test/support/simulator/simulated-ca.ts';
import { dnsTxtValue, importAccountKey } from '../acme/account.ts';
import { KeyPool } from '../key/key-pool.ts';
import { VirtualClock } from '../kit/clock.ts';
import { refusing } from '../simulator/ca/message.ts';
import { Refusal } from '../simulator/ca/problems.ts';
import type { CaOrder } from './ca.ts';
import { createCsr } from './csr.ts';
import { type DeliveryAsk, examine } from './delivery.ts';
import type { CaAccount } from './kept-accounts.ts';
import { createCa } from './registry.ts';

const signal = AbortSignal.timeout(60_000);
const names = ['a.example', '*.a.example'];
const ask = { names, method: 'txt', algorithm: 'ecdsa' } as const;

/** A CA of ours in front of a simulated one that goes wrong by `rules`. */
async function given(t: TestContext, ...rules: readonly TestRule[]) {
  const simulated = await simulatedCa(t, { name: 'google' });
  simulated.script(...rules);
  const accounts = memoryAccounts();
  const { row, requests } = simulated;
  const { ledger } = simulated.server;
  const clock = new VirtualClock();
  const ca = createCa(row, { accounts, clock });
  const count = (request: string) => requests.filter((one) => one === request).length;
  return { simulated, ledger, requests, count, accounts, row, ca, clock };
}

async function newRequest(t: TestContext, hosts: readonly string[]) {
  const pool = new KeyPool({ size: 0, atOnce: 1 });
  t.after(() => pool.close());
  const key = await pool.take('ecdsa');
  return { key, csr: await createCsr(key, hosts) };
}

const assertGood = (pem: string, wanted: DeliveryAsk) =>
  assert.equal(examine(pem, wanted, new Date()).kind, 'good');

it('gets a certificate in seven requests on an account that it has', async (t) => {
  const { ca, requests } = await given(t);
  const hosts = ['a.example'];
  await ca.order({ ...ask, names: ['first.example'] }, signal);
  const before = requests.length;

  const order = await ca.order({ ...ask, names: hosts }, signal);
  const ready = await ca.validate(order, signal);
  assert.deepEqual([ready.status, ready.authorizations[0]?.status], ['ready', 'valid']);
  const { key, csr } = await newRequest(t, hosts);
  const valid = await ca.finalize(ready, csr, signal);
  const chain = await ca.download(valid, signal);
  assertGood(chain, { key, names: hosts });
  assert.equal(requests.length - before, 7, requests.join(', '));
});

it('tells the record of every name, with the same TXT name for apex and wildcard', async (t) => {
  const { ca, accounts, ledger } = await given(t);
  const { authorizations, status, expiresAt } = await ca.order(ask, signal);
  const key = importAccountKey([...accounts.kept.values()][0]?.key ?? '');
  const [order = assert.fail()] = ledger.orders.values();
  assert.deepEqual([status, expiresAt], ['pending', new Date(order.expires)]);
  const tokens = order.authorizationIds.map((id) => ledger.authorizations.get(id)?.challenge.token ?? '');
  assert.deepEqual(
    authorizations.map(({ name, shown }) => ({ name, ...shown })),
    names.map((name, i) => ({
      name,
      method: 'txt',
      txtName: '_acme-challenge.a.example',
      txtValue: dnsTxtValue(tokens[i] ?? '', key),
    })),
  );
});

it('registers one account for all who order first at the same time, and uses it ever after', async (t) => {
  const { ca, count, accounts, row, clock } = await given(t);
  await Promise.all(Array.from({ length: 5 }, () => ca.order(ask, signal)));
  await createCa(row, { accounts, clock }).order(ask, signal);
  assert.equal(count('POST new-account'), 1);
});

it('uses the account of another process that was first, also when its own registration was refused', async (t) => {
  const { ca, accounts, row, simulated } = await given(t);
  const other = await accountOf(simulated);
  simulated.script({
    on: 'new-account',
    step: () => {
      accounts.kept.set(`google ${row.directoryUrl}`, other);
      return refusing(new Refusal('unauthorized', 'the external account binding was used before').document);
    },
  });
  assert.equal((await ca.order(ask, signal)).status, 'pending');
});

/** An account as a store keeps it. */
async function accountOf({ row }: TestCa): Promise<CaAccount> {
  const accounts = memoryAccounts();
  await createCa(row, { accounts, clock: new VirtualClock() }).order(ask, signal);
  const [account] = accounts.kept.values();
  assert.ok(account);
  return account;
}

/** An order as it comes back from a store. */
const stored = (order: CaOrder): CaOrder =>
  JSON.parse(JSON.stringify(order), (key, value) =>
    ['expiresAt', 'busySince', 'askAgainAt', 'since'].includes(key) ? new Date(value) : value,
  );

it('goes on with an order in another process, at every step', async (t) => {
  // Some CAs refuse a challenge that is answered again.
  const strict: TestRule = { on: 'challenge', from: 3, fault: 'answer', problem: 'malformed' };
  const { ledger, row, accounts, clock } = await given(t, strict);
  const anew = () => createCa(row, { accounts, clock });
  const order = stored(await anew().order(ask, signal));
  const ready = stored(await anew().validate(order, signal));
  assert.equal((await anew().validate(order, signal)).status, 'ready', 'answered twice');
  const { key, csr } = await newRequest(t, names);
  await anew().finalize(ready, csr, signal);
  const valid = stored(await anew().finalize(ready, csr, signal));
  assert.equal(valid.status, 'valid', 'finalized twice');
  assert.equal((await anew().look(ready, signal)).certificateUrl, valid.certificateUrl);
  assertGood(await anew().download(valid, signal), { key, names });
  assert.equal(ledger.orders.size, 1);
});

it('does not finalize an order again that is being processed', async (t) => {
  const { ca, requests } = await given(t);
  const ready = await ca.validate(await ca.order(ask, signal), signal);
  const { csr } = await newRequest(t, names);
  await ca.finalize(ready, csr, signal);
  const before = requests.length;
  const valid = await ca.finalize({ ...ready, status: 'processing' }, csr, signal);
  assert.deepEqual(requests.slice(before), ['POST order']);
  await ca.finalize(valid, csr, signal);
  assert.equal(requests.length, before + 1, 'nothing is asked about a valid order');
});

/** Does not find control of a name. */
const refuse = (host: string): TestRule => {
  const words = { problem: 'incorrectResponse', detail: `wrong value for ${host}` } as const;
  return { on: 'challenge', host, fault: 'validation', found: false, ...words };
};

it('says which host failed and what to do, in the order and its authorization', async (t) => {
  const { ca } = await given(t, refuse('*.a.example'));
  const order = await ca.validate(await ca.order(ask, signal), signal);
  const words = /^google refused \*.a.example: wrong value for \*.a.example; publish the TXT record as shown/;
  assert.equal(order.status, 'invalid');
  assert.match(order.problem ?? '', words);
  assert.deepEqual(
    order.authorizations.map(({ status }) => status),
    ['valid', 'invalid'],
  );
  assert.match(order.authorizations[1]?.problem ?? '', words);
});

it('gives an order as invalid whose authorization failed, also while the CA calls it pending', async (t) => {
  const { ca } = await given(t, ...names.map(refuse), SLOWLY);
  const { status, problem } = await ca.validate(await ca.order(ask, signal), signal);
  assert.equal(status, 'invalid');
  assert.match(problem ?? '', /wrong value for a.example/);
});

it('gives an order that the CA has forgotten as invalid, after it was asked again for a quarter of an hour', async (t) => {
  const { ca, clock } = await given(t, { on: 'order', fault: 'forget', what: 'object' });
  let order = await ca.order(ask, signal);
  for (let minute = 0; minute < 15; minute += 1) {
    order = stored(await ca.look(order, signal));
    assert.deepEqual([order.status, order.oddity?.why], ['pending', order.oddity?.why]);
    assert.match(order.oddity?.why ?? '', /^google no longer knows the order \(.*\); it is asked again$/);
    clock.advance(60);
  }
  const { status, problem, isLost } = await ca.look(order, signal);
  assert.deepEqual([status, isLost], ['invalid', true]);
  assert.match(problem ?? '', /^google no longer knows the order .*; a new order is made$/);
});

it('comes back with what it saw when the CA asks to wait for longer than one call may last', async (t) => {
  const { ca, count } = await given(t, { on: 'challenge', fault: 'stall' }, SLOWLY);
  const order = await ca.order(ask, signal);
  const seen = await ca.validate(order, signal);
  assert.equal(seen.status, 'pending');
  assert.equal(count('POST order'), 1);
});

/** Asks to come back in a minute. */
const SLOWLY: TestRule = {
  on: 'order',
  fault: 'patch',
  headers: { 'retry-after': '60' },
  body: { status: 'pending' },
};

it('refuses an order for other names than it asked for', async (t) => {
  const { ca } = await given(t);
  const twice = ca.order({ ...ask, names: ['a.example', 'A.EXAMPLE'] }, signal);
  await assert.rejects(twice, {
    fault: 'ca_wrong_answer',
    message: /^google for a.example, A.EXAMPLE: .* other names/,
  });
});

it('makes RSA orders at the RSA directory, with an account there, and goes on with them there', async (t) => {
  const [ecc, rsa] = [await simulatedCa(t), await simulatedCa(t)];
  const accounts = memoryAccounts();
  const row = { ...ecc.row, name: 'ssl_com', rsaDirectoryUrl: rsa.row.directoryUrl } as const;
  const ca = createCa(row, { accounts, clock: new VirtualClock() });
  const order = await ca.order({ method: 'txt', names, algorithm: 'rsa' }, signal);
  assert.equal((await ca.validate(order, signal)).status, 'ready');
  assert.deepEqual([rsa.server.ledger.orders.size, ecc.requests.length], [1, 0]);
  await ca.order(ask, signal);
  assert.equal(accounts.kept.size, 2);
});

it('turns every failure into a Fault that names the CA', async (t) => {
  const problem = { problem: 'rejectedIdentifier', detail: 'policy' } as const;
  const refused = await given(t, { on: 'new-order', fault: 'answer', ...problem });
  await assert.rejects(refused.ca.order(ask, signal), {
    fault: 'ca_refused',
    message: 'google refused a.example, *.a.example: policy; leave the host out, or order from another CA',
  });
  const html = await given(t, { on: 'new-order', fault: 'answer', body: '<html>' });
  await assert.rejects(html.ca.order(ask, signal), {
    fault: 'ca_wrong_answer',
    message: /^google for a.example, /,
  });
  const nobody = createCa(
    { ...html.row, directoryUrl: 'http://127.0.0.1:9/' },
    { accounts: memoryAccounts(), clock: new VirtualClock() },
  );
  await assert.rejects(nobody.order(ask, signal), {
    fault: 'ca_unreachable',
    message: /^google for a.example, .*it is tried again$/,
  });
});

it('tells the operator which option is missing for an account', async (t) => {
  const { row } = await given(t);
  const ca = createCa(
    { ...row, hasAgreedToTerms: false },
    { accounts: memoryAccounts(), clock: new VirtualClock() },
  );
  const message = /^\[ca.google\]: .*https:\/\/127\.0\.0\.1:\d+\/terms.*agreed_to_terms/;
  await assert.rejects(ca.order(ask, signal), { fault: 'configuration', message });
});
