/** Faults of what a simulated CA answers, as a client sees them. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { it } from 'node:test';
import { said } from '../../../test/support/simulator/acme-client.ts';
import { faulty, issued } from '../../../test/support/simulator/faulty.ts';

const NAMES = ['a.example.com'];

it('answer: says something else, with a nonce, and the request takes no effect', async (t) => {
  const { ca, client } = await faulty(t, [
    { on: 'new-order', at: 1, fault: 'answer', status: 503, headers: { 'Retry-After': '7' }, body: 'no' },
    { on: 'new-order', at: 2, fault: 'answer', body: { status: 'odd' } },
    { on: 'new-order', at: 3, fault: 'answer', body: 'ab', repeat: 3 },
    { on: 'new-order', at: 4, fault: 'answer', problem: 'rateLimited', detail: 'later' },
    { on: 'new-order', at: 5, fault: 'answer', problem: 'rateLimited', status: 400 },
  ]);
  const busy = await client.order(NAMES);
  assert.deepEqual([busy.status, busy.text, busy.headers['retry-after']], [503, 'no', '7']);
  assert.match(String(busy.headers['content-type']), /^text\/plain/);
  assert.ok(busy.headers['replay-nonce']);
  const odd = await client.order(NAMES);
  assert.deepEqual([odd.status, odd.body.status], [200, 'odd']);
  assert.equal((await client.order(NAMES)).text, 'ababab');
  const limited = await client.order(NAMES);
  assert.deepEqual([said(limited), limited.body.detail], ['429 rateLimited', 'later']);
  assert.match(String(limited.headers['content-type']), /^application\/problem\+json/);
  assert.equal(said(await client.order(NAMES)), '400 rateLimited');
  assert.equal(ca.server.ledger.orders.size, 0);
});

it('answer: the request takes effect, and its answer is lost, where that is wanted', async (t) => {
  const { ca, client } = await faulty(t, [
    { on: 'new-order', fault: 'answer', status: 502, takes_effect: true },
  ]);
  assert.equal((await client.order(NAMES)).status, 502);
  assert.equal(ca.server.ledger.orders.size, 1);
});

it('patch: changes members, takes some away, and leaves what it does not name', async (t) => {
  const { client } = await faulty(t, [
    { on: 'directory', fault: 'patch', body: { renewalInfo: null, meta: { website: null, odd: { a: 1 } } } },
    {
      on: 'new-order',
      fault: 'patch',
      status: 299,
      headers: { Link: null, 'Cache-Control': null, 'x-a': 'b' },
    },
    { on: 'certificate', fault: 'patch', body: { a: 1 } },
  ]);
  const { body } = await client.send(
    'GET',
    client.directory.newOrder?.replace('acme/new-order', 'directory') ?? '',
  );
  assert.equal('renewalInfo' in body, false);
  assert.ok(body.newNonce);
  assert.deepEqual(body.meta?.['odd'], { a: 1 });
  assert.equal('website' in (body.meta ?? {}), false);
  assert.ok(body.meta?.['termsOfService']);
  const order = await client.order(NAMES);
  const { link, 'x-a': own, 'cache-control': cache } = order.headers;
  assert.deepEqual([order.status, own, link, cache], [299, 'b', undefined, undefined]);
  assert.equal(order.body.status, 'pending');
  await client.prove(order.body, async () => undefined);
  assert.match(await client.certificate(order.body, NAMES), /^-----BEGIN/, 'what is no JSON stays');
});

it('chain: is of the parts that are named, in their order', async (t) => {
  const parts = ['issuer', 'root', 'leaf', 'stranger', 'namesake', 'key'] as const;
  const { ca, client } = await faulty(t, [{ on: 'certificate', fault: 'chain', parts: [...parts] }]);
  const text = await issued(client, NAMES);
  const blocks = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/g) ?? [];
  assert.equal(blocks.join(''), text);
  const [issuer, root, leaf, stranger, namesake] = blocks.slice(0, 5).map((pem) => new X509Certificate(pem));
  assert.ok(issuer && root && leaf && stranger && namesake);
  assert.ok(leaf.verify(issuer.publicKey) && issuer.verify(root.publicKey));
  assert.equal(root.fingerprint256, new X509Certificate(ca.server.authority.root.pem).fingerprint256);
  assert.match(stranger.subject, /CN=Stranger/);
  assert.ok(stranger.ca && namesake.ca);
  assert.ok(leaf.checkIssued(namesake), 'by its name and key identifiers it could be the issuer');
  assert.ok(!leaf.verify(namesake.publicKey) && !leaf.checkIssued(stranger));
  assert.match(blocks[5] ?? '', /PRIVATE KEY/);
});

it('chain: is garbled, broken off, or amid noise', async (t) => {
  const { ca, client } = await faulty(t, [{ on: 'certificate', fault: 'chain', noise: '# hello\n' }]);
  const noisy = await issued(client, NAMES);
  assert.match(
    noisy,
    /^# hello\n-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n# hello\n-----BEGIN/,
  );
  ca.script({ on: 'certificate', fault: 'chain', bytes: 100 });
  assert.equal((await issued(client, NAMES)).length, 100);
  ca.script({ on: 'certificate', fault: 'chain', is_garbled: true });
  const [first = '', second = ''] =
    (await issued(client, NAMES)).match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  assert.throws(() => new X509Certificate(first));
  assert.ok(new X509Certificate(second));
});
