/** Which requests a rule is for, and when it is its turn. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { faulty, issued } from '../../../test/support/simulator/faulty.ts';
import type { TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { REQUEST_KINDS } from '../ca/request-kind.ts';
import { readScript } from './read-script.ts';
import type { When } from './when.ts';

const NAMES = ['a.example.com'];
const gone = { fault: 'answer', status: 418 } as const;

// biome-ignore format: a table is read by column
const TURNS: Readonly<Record<string, readonly [When, readonly number[]]>> = {
  'every request, where nothing is said':      [{},                             [1, 2, 3, 4, 5, 6, 7, 8]],
  'the one that is named alone':               [{ at: 3 },                      [3]],
  'from the one that is named on':             [{ from: 6 },                    [6, 7, 8]],
  'each n-th':                    [{ every: 3 },                   [3, 6]],
  'each n-th from one on':        [{ from: 2, every: 3 },          [2, 5, 8]],
  'so many at most':                           [{ times: 2 },                   [1, 2]],
  'so many at most of those that are its turn': [{ from: 3, every: 2, times: 2 }, [3, 5]],
};

for (const [what, [when, turns]] of Object.entries(TURNS)) {
  it(`a rule is for ${what}`, async (t) => {
    const { client } = await faulty(t, [{ ...gone, ...when, on: 'new-order' }]);
    const hit: number[] = [];
    for (let n = 1; n <= 8; n++) if ((await client.order(NAMES)).status === 418) hit.push(n);
    assert.deepEqual(hit, turns);
  });
}

it('a rule is for the kinds of requests that it names, and each request is of the kind of what it asks for', async (t) => {
  const { ca, client } = await faulty(t);
  await issued(client, NAMES);
  await client.freshNonce();
  await client.post(client.kid ?? '');
  await client.post(`${client.kid}/orders`);
  const [one] = ca.server.ledger.authorizations.keys();
  await client.post(new URL(`/acme/http-challenge/${one}`, ca.server.directory).href);
  await client.post(new URL('/acme/revoke-cert', ca.server.directory).href, {});
  await client.post(new URL('/acme/key-change', ca.server.directory).href, {});
  await client.send('GET', new URL('/acme/renewal-info/none', ca.server.directory).href);
  await client.send('GET', ca.server.directory);
  await client.send('GET', new URL('/terms', ca.server.directory).href);
  await client.newAccount({});
  const kinds = new Set(ca.seen.map(({ kind }) => kind));
  assert.deepEqual([...kinds].toSorted(), [...REQUEST_KINDS].toSorted());
  const bySecond = ca.seen.filter(({ target }) => /orders$|http-challenge|finalize$/.test(target));
  assert.deepEqual(
    bySecond.map(({ kind }) => kind),
    ['finalize', 'account', 'challenge'],
  );

  ca.script({ ...gone, on: ['account', 'new-order'] });
  assert.equal((await client.order(NAMES)).status, 418);
  assert.equal((await client.post(client.kid ?? '')).status, 418);
  assert.equal((await client.send('GET', ca.server.directory)).status, 200);
});

it('a rule is for the host that it names, wherever a request is about it', async (t) => {
  const { ca, client } = await faulty(t, [{ ...gone, host: '*.A.example.com' }]);
  const wild = ['a.example.com', '*.a.example.com'];
  assert.equal((await client.order(NAMES)).status, 201);
  assert.equal((await client.order(wild)).status, 418);
  ca.script();
  const { body, headers } = await client.order(wild);
  ca.script({ ...gone, host: '*.a.example.com' });
  const statusOf = async (url: unknown) => (await client.post(String(url))).status;
  const [apex, wildcard] = body.authorizations ?? [];
  assert.deepEqual([await statusOf(apex), await statusOf(wildcard)], [200, 418]);
  assert.equal(await statusOf(headers['location']), 418);
  assert.equal((await client.post(body.finalize ?? '', {})).status, 418);
  assert.equal(await statusOf(apex?.replace('authorization', 'challenge')), 200);
  assert.equal(await statusOf(wildcard?.replace('authorization', 'challenge')), 418);
  ca.script();
  await issued(client, wild);
  ca.script({ ...gone, host: '*.a.example.com' });
  const [serial] = ca.server.ledger.certificates.keys();
  assert.equal(await statusOf(new URL(`/acme/certificate/${serial}`, ca.server.directory)), 418);
});

it('a rule is for the algorithm that it names, from finalize on', async (t) => {
  const rule: TestRule = { algorithm: 'rsa', ...gone };
  for (const on of ['finalize', 'order', 'certificate'] as const) {
    const { client } = await faulty(t, [{ ...rule, on }]);
    assert.match(await issued(client, NAMES, 'ec'), /BEGIN/, on);
    const asRsa = issued(client, NAMES, 'rsa').then((text) => assert.match(text, /BEGIN/));
    await assert.rejects(asRsa, on);
  }
});

it('a rule is for requests with the member that it names', async (t) => {
  const { client } = await faulty(t, [
    { on: 'new-order', with: 'notAfter', fault: 'answer', problem: 'malformed' },
  ]);
  const notAfter = new Date(Date.now() + 86_400_000).toISOString();
  assert.equal((await client.order(NAMES, { notAfter })).body.type, 'urn:ietf:params:acme:error:malformed');
  assert.equal((await client.order(NAMES)).status, 201);
});

it('rules work together, the first around the others, and a new script counts anew', async (t) => {
  const outer: TestRule = { fault: 'patch', headers: { 'x-first': 'yes' } };
  const rules: readonly TestRule[] = [outer, { ...gone, at: 1 }, { fault: 'patch', status: 299 }];
  const { ca, client } = await faulty(
    t,
    rules.map((rule) => ({ ...rule, on: 'new-order' })),
  );
  const seen = async () => {
    const { status, headers } = await client.order(NAMES);
    return [status, headers['x-first']];
  };
  assert.deepEqual(await seen(), [418, 'yes']);
  assert.deepEqual(await seen(), [299, 'yes']);
  ca.script({ ...gone, on: 'new-order', at: 1 });
  assert.deepEqual(await seen(), [418, undefined]);
  ca.script();
  assert.deepEqual(await seen(), [201, undefined]);
});

// biome-ignore format: a table is read by column
const WRONG: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  'what is no list':               [{},                                                   /^faults must be an array of at most 1000 rules$/],
  'more rules than anybody needs': [Array.from({ length: 1_001 }, () => gone),            /^faults must be an array/],
  'a rule that is no object':      [['answer'],                                           /^rule 1 needs a fault, one of answer, patch, /],
  'a fault that there is not':     [[gone, { fault: 'toString' }],                        /^rule 2 needs a fault, one of answer, /],
  'a parameter of another fault':  [[{ ...gone, seconds: 1 }],                            /^rule 1 has "seconds"; this fault takes status, .*, on, host, /],
  'a parameter that is wrong':     [[{ ...gone, status: 99 }],                            /^rule 1 has a wrong value at '\/status': must be >= 200$/],
  'a parameter that is missing':   [[{ fault: 'delay' }],                                 /^rule 1 has a wrong value at '': must have required properties seconds$/],
  'a kind that there is not':      [[{ ...gone, on: 'authz' }],                           /^rule 1 has a wrong value at '\/on': /],
  'the zeroth request':            [[{ ...gone, at: 0 }],                                 /^rule 1 has a wrong value at '\/at': must be >= 1$/],
  'two turns at once':             [[{ ...gone, at: 1, times: 2 }],                       /^rule 1 has 'at', which stands without/],
  'a header that splits':          [[{ ...gone, headers: { a: 'b\r\nc: d' } }],           /^rule 1 has a wrong value at '\/headers/],
  'a header of no name':           [[{ ...gone, headers: { 'a b': 'c' } }],               /^rule 1 has a wrong value at '\/headers/],
  'a body beside a problem':       [[{ fault: 'answer', body: 1, problem: 'caa' }],       /^rule 1 has a body beside a problem$/],
  'a body without measure':        [[{ fault: 'answer', body: 'ab', repeat: 100_000_000 }], /^rule 1 has a body of more than \d+ bytes$/],
  'a problem that there is not':   [[{ fault: 'answer', problem: 'bad' }],                /^rule 1 has a wrong value at '\/problem': .*rateLimited/],
};

for (const [what, [told, message]] of Object.entries(WRONG)) {
  it(`a script is refused in a sentence for ${what}`, () => {
    assert.throws(() => readScript(told), { name: 'Fault', fault: 'malformed_request', message });
  });
}
