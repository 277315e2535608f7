import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, it } from 'node:test';
import { AcmeClient } from '../../test/support/simulator/acme-client.ts';
import { control, givenWorld } from '../../test/support/simulator/world.ts';

const world = await givenWorld({ after });
const call = (what: string, body?: unknown) => control(world.ready.control, what, body);

it('the control interface moves time on for all CAs: authorizations and orders expire', async (t) => {
  const client = await AcmeClient.register(world.ready.cas.lets_encrypt);
  t.after(() => client.close());
  const proven = await client.order(['time.example.com']);
  await client.prove(proven.body, (name, values) => call('PUT /dns/records', { name, type: 'TXT', values }));
  const waiting = await client.order(['waiting.example.com']);
  const status = async (url: unknown) => (await client.post(String(url))).body.status;

  await call('POST /clock', { advance_s: 8 * 86_400 });
  assert.equal(await status(waiting.headers['location']), 'invalid');
  assert.equal(await status(waiting.body.authorizations?.[0]), 'invalid');
  assert.equal(await status(proven.body.authorizations?.[0]), 'valid');
  assert.equal((await client.order(['time.example.com'])).body.status, 'ready');

  await call('POST /clock', { advance_s: 23 * 86_400 });
  assert.equal(await status(proven.body.authorizations?.[0]), 'expired');
  const later = await client.order(['time.example.com']);
  assert.equal(later.body.status, 'pending');
  await client.prove(later.body, (name, values) => call('PUT /dns/records', { name, type: 'TXT', values }));
  const leaf = new X509Certificate(await client.certificate(later.body, ['time.example.com']));
  assert.ok(
    Date.parse(leaf.validFrom) - Date.now() > 30 * 86_400_000,
    'certificates are of the virtual time',
  );
});

it('the control interface tells the state, the requests and a CA, and each error in words', async () => {
  const state = await call('GET /state');
  assert.deepEqual(Object.keys(state.body.cas ?? {}).toSorted(), ['google', 'lets_encrypt', 'ssl_com']);
  const shown = await call('GET /ca/google');
  assert.equal(shown.body.root_pem, world.ready.cas.google.rootPem);
  assert.equal(shown.body.eab?.kid, world.ready.cas.google.eab?.kid);
  const before = (await call('GET /ca/google/requests')).body.requests ?? 0;
  (await AcmeClient.connect(world.ready.cas.google)).close();
  assert.equal((await call('GET /ca/google/requests')).body.requests, before + 1);
  const cases = [
    ['POST /clock', { advance_s: -1 }, 400],
    ['POST /clock', { advance_s: '1' }, 400],
    ['POST /clock', { advance_s: 1e300 }, 400],
    ['POST /clock', '{"advance_s": 1e999}', 400],
    ['POST /clock', '[', 400],
    ['POST /clock', 'null', 400],
    ['POST /clock', 'x'.repeat(1_100_000), 413],
    ['GET /clock', undefined, 405],
    ['GET /ca/none', undefined, 404],
    ['GET /nothing', undefined, 404],
  ] as const;
  for (const [what, body, status] of cases) {
    const answer = await call(what, body);
    assert.equal(answer.status, status, `${what} ${JSON.stringify(body)?.slice(0, 50)}`);
    assert.ok(answer.body.error);
  }
});

it('the control interface refuses records that no zone could have', async () => {
  const cases = [
    { name: 'example.com', type: 'A', values: ['192.0.2.256'] },
    { name: 'example.com', type: 'AAAA', values: ['192.0.2.1'] },
    { name: 'example.com', type: 'CNAME', values: ['www.example.com'] },
    { name: 'two.example.com', type: 'CNAME', values: ['a.example.com', 'b.example.com'] },
    { name: 'example.com', type: 'MX', values: ['mail.example.com'] },
    { name: 'example.com', type: 'CAA', values: ['letsencrypt.org'] },
    { name: 'example.com', type: 'TXT', values: ['x'.repeat(4_001)] },
    { name: 'example.com', type: 'TXT', values: 'x' },
    { name: 'example.com', type: 'SRV', values: [] },
    { name: 'com', type: 'A', values: ['192.0.2.1'] },
    { name: 'a..example.com', type: 'A', values: ['192.0.2.1'] },
    { name: 'a.*.example.com', type: 'A', values: ['192.0.2.1'] },
    { name: '__proto__', type: 'A', values: [] },
  ];
  for (const set of cases)
    assert.equal((await call('PUT /dns/records', set)).status, 400, JSON.stringify(set));
  const alias = { name: 'one.example.com', type: 'CNAME', values: ['two.example.com'] };
  assert.equal((await call('PUT /dns/records', alias)).status, 200);
  const beside = await call('PUT /dns/records', { name: 'one.example.com', type: 'TXT', values: ['x'] });
  assert.match(beside.body.error ?? '', /has CNAME; remove it/);
  assert.deepEqual((await call('PUT /dns/records', { ...alias, values: [] })).body.values, []);
});

it('the control interface has one CA go wrong by a script, tells what came of it, and puts it away', async (t) => {
  const rule = { fault: 'answer', on: 'new-order', problem: 'rateLimited', times: 1 };
  const put = await call('PUT /ca/google/faults', { faults: [rule] });
  assert.deepEqual([put.status, put.body.faults], [200, [{ ...rule, matched: 0, applied: 0 }]]);
  const client = await AcmeClient.register(world.ready.cas.google);
  const other = await AcmeClient.register(world.ready.cas.lets_encrypt);
  t.after(() => client.close());
  t.after(() => other.close());
  assert.equal((await other.order(['faults.example.com'])).status, 201);
  assert.equal((await client.order(['faults.example.com'])).status, 429);
  assert.equal((await client.order(['faults.example.com'])).status, 201);
  const shown = await call('GET /ca/google/faults');
  assert.deepEqual(shown.body.faults, [{ ...rule, matched: 2, applied: 1 }]);
  assert.deepEqual((await call('GET /ca/lets_encrypt/faults')).body.faults, []);

  const always = { fault: 'answer', on: 'new-order', status: 502 };
  await call('PUT /ca/google/faults', { faults: [always] });
  const refused = await call('PUT /ca/google/faults', { faults: [rule, { fault: 'delay' }] });
  assert.equal(refused.status, 400);
  assert.match(
    refused.body.error ?? '',
    /^rule 2 has a wrong value at '': must have required properties seconds/,
  );
  assert.equal((await client.order(['faults.example.com'])).status, 502, 'a wrong script changes nothing');
  assert.deepEqual((await call('DELETE /ca/google/faults')).body.faults, []);
  assert.equal((await client.order(['faults.example.com'])).status, 201);
  const cases = [
    ['PUT /ca/google/faults', {}, 400],
    ['PUT /ca/google/faults', '[', 400],
    ['PUT /ca/none/faults', { faults: [] }, 404],
    ['POST /ca/google/faults', { faults: [] }, 405],
  ] as const;
  for (const [what, body, status] of cases) assert.equal((await call(what, body)).status, status, what);
});
