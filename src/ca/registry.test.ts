import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { refusing, type Seen } from '../../test/support/scripted-server.ts';
import { memoryAccounts, smallCa } from '../../test/support/small-ca.ts';
import { dnsTxtValue, importAccountKey } from '../acme/account.ts';
import { KeyPool } from '../key/key-pool.ts';
import { systemClock } from '../kit/clock.ts';
import type { CaAccount, CaOrder } from './ca.ts';
import { documentedRows } from './configuration.ts';
import { createCsr } from './csr.ts';
import { checkLeaf } from './leaf.ts';
import { createCa } from './registry.ts';

const OPENSSL = needs('openssl');

const signal = AbortSignal.timeout(60_000);
const clock = systemClock();
const names = ['a.example', '*.a.example'];
const ask = { names, algorithm: 'ecdsa' } as const;

/** A CA of ours in front of a small one that behaves as `options` say. */
async function given(t: TestContext, options: Parameters<typeof smallCa>[1] = {}) {
  const small = await smallCa(t, options);
  const accounts = memoryAccounts();
  const row = { ...documentedRows.google, directoryUrl: small.directory, hasAgreedToTerms: true };
  return { small, accounts, row, ca: createCa(row, { accounts, clock }) };
}

async function newRequest(t: TestContext, hosts: readonly string[]) {
  const pool = new KeyPool({ size: 0, atOnce: 1 });
  t.after(() => pool.close());
  const key = await pool.take('ecdsa');
  return { key, csr: await createCsr(key, hosts) };
}

it('gets a certificate in seven requests on an account that it has', OPENSSL, async (t) => {
  const { ca, small } = await given(t);
  const hosts = ['a.example'];
  await ca.order({ ...ask, names: ['first.example'] }, signal);
  const before = small.requests.length;

  const order = await ca.order({ ...ask, names: hosts }, signal);
  const ready = await ca.validate(order, signal);
  assert.deepEqual([ready.status, ready.authorizations[0]?.status], ['ready', 'valid']);
  const { key, csr } = await newRequest(t, hosts);
  const valid = await ca.finalize(ready, csr, signal);
  const chain = await ca.download(valid, signal);
  checkLeaf(chain, { key, names: hosts }, new Date());
  assert.equal(small.requests.length - before, 7, small.requests.join(', '));
});

it('tells the record of every name, with the same TXT name for apex and wildcard', OPENSSL, async (t) => {
  const { ca, accounts } = await given(t);
  const { authorizations, status, expiresAt } = await ca.order(ask, signal);
  const key = importAccountKey([...accounts.kept.values()][0]?.key ?? '');
  assert.deepEqual([status, expiresAt], ['pending', new Date('2099-01-01')]);
  assert.deepEqual(
    authorizations.map(({ name, txtName, txtValue }) => [name, txtName, txtValue]),
    names.map((name, i) => [name, '_acme-challenge.a.example', dnsTxtValue(`token-0-${i}`, key)]),
  );
});

it(
  'registers one account for all who order first at the same time, and uses it ever after',
  OPENSSL,
  async (t) => {
    const { ca, small, accounts, row } = await given(t);
    await Promise.all(Array.from({ length: 5 }, () => ca.order(ask, signal)));
    await createCa(row, { accounts, clock }).order(ask, signal);
    assert.equal(small.requests.filter((request) => request === 'POST /account').length, 1);
  },
);

it(
  'uses the account of another process that was first, also when its own registration was refused',
  OPENSSL,
  async (t) => {
    const before = ({ path }: Seen) => {
      if (path !== '/account') return undefined;
      accounts.kept.set(`google ${row.directoryUrl}`, other);
      return refusing(403, 'unauthorized', 'the external account binding was used before');
    };
    const { ca, accounts, row } = await given(t, { before });
    const other = await accountOf(t);
    assert.equal((await ca.order(ask, signal)).status, 'pending');
  },
);

/** An account as a store keeps it. */
async function accountOf(t: TestContext): Promise<CaAccount> {
  const { ca, accounts } = await given(t);
  await ca.order(ask, signal);
  const [account] = accounts.kept.values();
  assert.ok(account);
  return account;
}

/** An order as it comes back from a store. */
const stored = (order: CaOrder): CaOrder => ({
  ...JSON.parse(JSON.stringify(order)),
  expiresAt: order.expiresAt,
});

it('goes on with an order in another process, at every step', OPENSSL, async (t) => {
  const { small, row, accounts } = await given(t);
  const anew = () => createCa(row, { accounts, clock });
  const order = stored(await anew().order(ask, signal));
  const ready = stored(await anew().validate(order, signal));
  assert.equal((await anew().validate(order, signal)).status, 'ready', 'answered twice');
  const { key, csr } = await newRequest(t, names);
  await anew().finalize(ready, csr, signal);
  const valid = stored(await anew().finalize(ready, csr, signal));
  assert.equal(valid.status, 'valid', 'finalized twice');
  assert.equal((await anew().look(ready, signal)).certificateUrl, valid.certificateUrl);
  checkLeaf(await anew().download(valid, signal), { key, names }, new Date());
  assert.equal(small.orders.length, 1);
});

it('does not finalize an order again that is being processed', OPENSSL, async (t) => {
  const { ca, small } = await given(t);
  const ready = await ca.validate(await ca.order(ask, signal), signal);
  const { csr } = await newRequest(t, names);
  await ca.finalize(ready, csr, signal);
  const before = small.requests.length;
  const valid = await ca.finalize({ ...ready, status: 'processing' }, csr, signal);
  assert.deepEqual(small.requests.slice(before), ['POST /orders/0']);
  await ca.finalize(valid, csr, signal);
  assert.equal(small.requests.length, before + 1, 'nothing is asked about a valid order');
});

it('says which host failed and what to do, in the order and its authorization', OPENSSL, async (t) => {
  const { ca } = await given(t, { verdict: (name) => (name.startsWith('*') ? 'invalid' : 'valid') });
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

it(
  'gives an order as invalid whose authorization failed, also while the CA calls it pending',
  OPENSSL,
  async (t) => {
    const { ca } = await given(t, { verdict: () => 'invalid', before: slowly });
    const { status, problem } = await ca.validate(await ca.order(ask, signal), signal);
    assert.equal(status, 'invalid');
    assert.match(problem ?? '', /wrong value for a.example/);
  },
);

it('gives an order that the CA has forgotten as invalid', OPENSSL, async (t) => {
  const { ca } = await given(t);
  const order = await ca.order(ask, signal);
  const gone = { ...order, url: order.url.replace('/orders/0', '/orders/9') };
  const { status, problem } = await ca.look(gone, signal);
  assert.equal(status, 'invalid');
  assert.match(problem ?? '', /^google no longer knows the order/);
});

it(
  'comes back with what it saw when the CA asks to wait for longer than one call may last',
  OPENSSL,
  async (t) => {
    const { ca, small } = await given(t, { verdict: () => 'pending', before: slowly });
    const order = await ca.order(ask, signal);
    const seen = await ca.validate(order, signal);
    assert.equal(seen.status, 'pending');
    assert.equal(small.requests.filter((request) => request === 'POST /orders/0').length, 1);
  },
);

/** Asks to come back in a minute. */
const slowly = ({ path }: Seen) =>
  path === '/orders/0' ? { headers: { 'retry-after': '60' }, body: PENDING } : undefined;

const PENDING = {
  status: 'pending',
  identifiers: [],
  authorizations: [],
  finalize: 'http://127.0.0.1/finalize',
};

it('refuses an order for other names than it asked for', OPENSSL, async (t) => {
  const { ca } = await given(t);
  const twice = ca.order({ ...ask, names: ['a.example', 'A.EXAMPLE'] }, signal);
  await assert.rejects(twice, {
    fault: 'ca_wrong_answer',
    message: /^google for a.example, A.EXAMPLE: .* other names/,
  });
});

it(
  'makes RSA orders at the RSA directory, with an account there, and goes on with them there',
  OPENSSL,
  async (t) => {
    const [ecc, rsa] = [await smallCa(t), await smallCa(t)];
    const accounts = memoryAccounts();
    const row = {
      ...documentedRows.ssl_com,
      directoryUrl: ecc.directory,
      rsaDirectoryUrl: rsa.directory,
      hasAgreedToTerms: true,
    };
    const ca = createCa(row, { accounts, clock });
    const order = await ca.order({ names, algorithm: 'rsa' }, signal);
    assert.equal((await ca.validate(order, signal)).status, 'ready');
    assert.deepEqual([ecc.orders.length, rsa.orders.length, ecc.requests.length], [0, 1, 0]);
    await ca.order(ask, signal);
    assert.equal(accounts.kept.size, 2);
  },
);

it('turns every failure into a Fault that names the CA', OPENSSL, async (t) => {
  const refused = await given(t, {
    before: ({ path }) => (path === '/order' ? refusing(403, 'rejectedIdentifier', 'policy') : undefined),
  });
  await assert.rejects(refused.ca.order(ask, signal), {
    fault: 'ca_refused',
    message: 'google refused a.example, *.a.example: policy; leave the host out, or order from another CA',
  });
  const html = await given(t, { before: ({ path }) => (path === '/order' ? { body: '<html>' } : undefined) });
  await assert.rejects(html.ca.order(ask, signal), {
    fault: 'ca_wrong_answer',
    message: /^google for a.example, /,
  });
  const nobody = createCa(
    { ...html.row, directoryUrl: 'http://127.0.0.1:9/' },
    { accounts: memoryAccounts(), clock },
  );
  await assert.rejects(nobody.order(ask, signal), {
    fault: 'ca_unreachable',
    message: /^google for a.example, .*it is tried again$/,
  });
});

it('tells the operator which option is missing for an account', OPENSSL, async (t) => {
  const { row } = await given(t, { meta: { termsOfService: 'https://ca.example/terms' } });
  const ca = createCa({ ...row, hasAgreedToTerms: false }, { accounts: memoryAccounts(), clock });
  const message = /^\[ca.google\]: .*https:\/\/ca.example\/terms.*agreed_to_terms/;
  await assert.rejects(ca.order(ask, signal), { fault: 'configuration', message });
});
