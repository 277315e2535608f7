/** What is refused of custom certificates: status, documented code, and where it points. And what is told of their keys: nothing. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { givenPack } from '../support/job-deps.ts';
import { make, pemOf } from '../support/pki.ts';
import { assertStored } from '../support/stored.ts';
import { givenOwner, send } from '../support/tokens.ts';
import { givenCa } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let [plain, tight] = ['', ''];
let account: TestAccount;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  api = await startApi(ends);
  ca = await givenCa(api.jobs);
  account = await givenOwner(api, ['shop.test', 'full.test', 'fifth.test']);
  await givenPack(api.jobs, account.zones[1] ?? assert.fail());
  const listen = async (quotas: typeof NO_QUOTAS) => {
    const app = await buildApi({ ...api.deps, trust: ca.trust, quotas });
    ends.defer(() => app.close());
    return `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  };
  plain = await listen(NO_QUOTAS);
  tight = await listen({ ...NO_QUOTAS, zonePacks: 1 });
});
after(() => ends.disposeAsync());

const NOBODY = '00000000-0000-4000-8000-000000000000';

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly zone?: number;
  readonly url?: string;
}

async function refused(body: object, { method = 'POST', path = '', zone = 0, url = plain }: Asked = {}) {
  const place = `/zones/${account.zones[zone]?.id}/custom_certificates${path}`;
  const answer = await send(url, [method, place], account.token, { body });
  assert.equal(answer.result, null, answer.message);
  return [answer.status, answer.code, answer.pointer, answer.message] as const;
}

async function assertRefused(
  body: object,
  [status, code, pointer]: readonly [number, number, string | undefined],
  says: RegExp,
  asked?: Asked,
): Promise<void> {
  const [...seen] = await refused(body, asked);
  assert.deepEqual(seen.slice(0, 3), [status, code, pointer], seen[3]);
  assert.match(seen[3], says);
}

it('each with the code that is documented for it', async () => {
  const now = api.jobs.clock.now();
  const good = await ca.issue(['shop.test']);
  const other = await ca.issue(['elsewhere.test']);
  const self = await make(now, { hosts: ['shop.test'] });
  const ed = await ca.issue(['shop.test'], { kind: 'ed25519' });
  const { leaf: _, ...body } = good;
  await assertRefused({ ...body, certificate: 'no PEM' }, [400, 1002, '/certificate'], /not PEM/);
  await assertRefused({ private_key: body.private_key }, [400, 1400, '/certificate'], /is required/);
  await assertRefused({ certificate: body.certificate }, [400, 2106, '/private_key'], /is missing/);
  await assertRefused(
    { ...body, private_key: other.private_key },
    [400, 2106, '/private_key'],
    /does not belong/,
  );
  await assertRefused(ed, [400, 1434, '/certificate'], /browsers do not take/);
  await assertRefused({ ...body, certificate: good.leaf }, [400, 2100, '/certificate'], /intermediate/);
  await assertRefused(
    { certificate: self.pem, private_key: pemOf(self) },
    [400, 2100, '/certificate'],
    /self-signed/,
  );
  await assertRefused({ ...body, certificate: ca.root }, [400, 2101, '/certificate'], /self-signed and a CA/);
  await assertRefused(other, [400, 2103, '/certificate'], /no host of shop.test/);
  await assertRefused(
    { ...body, geo_restrictions: { label: 'us' } },
    [400, 1011, '/geo_restrictions'],
    /leave it out/,
  );
  await assertRefused({ ...body, policy: '(country: US)' }, [400, 1011, '/policy'], /leave it out/);
  await assertRefused({ ...body, custom_csr_id: NOBODY }, [400, 1400, '/custom_csr_id'], /leave one of them/);
  await assertRefused({ ...body, type: 'advanced' }, [400, 1400, '/type'], /legacy_custom, sni_custom/);
  await assertRefused({ ...body, bundle_method: 'all' }, [400, 1400, '/bundle_method'], /ubiquitous/);
  const full = await ca.issue(['full.test']);
  await assertRefused(full, [403, 1212, undefined], /may have 1 certificate packs/, { zone: 1, url: tight });
  for (const [method, more] of [
    ['PATCH', { body: { bundle_method: 'force' } }],
    ['DELETE', {}],
    ['GET', {}],
  ] as const) {
    const place = `/zones/${account.zones[0]?.id}/custom_certificates`;
    const unknown = await send(plain, [method, `${place}/${NOBODY}`], account.token, more);
    assert.deepEqual([unknown.status, unknown.code], [404, 1002]);
    const malformed = await send(plain, [method, `${place}/nothing`], account.token, more);
    assert.deepEqual(
      [malformed.status, malformed.code, malformed.pointer],
      [400, 7003, '/custom_certificate_id'],
    );
  }
});

it('a change that is refused leaves the certificate as it was', async () => {
  const { leaf: _, ...body } = await ca.issue(['shop.test']);
  const place = `/zones/${account.zones[0]?.id}/custom_certificates`;
  const made = await send(plain, ['POST', place], account.token, { body });
  assert.equal(made.status, 200, made.message);
  const patch = { method: 'PATCH', path: `/${made.result.id}` };
  const other = await ca.issue(['shop.test']);
  await assertRefused(
    { certificate: other.certificate },
    [400, 2106, '/private_key'],
    /does not belong/,
    patch,
  );
  await assertRefused(
    { private_key: other.private_key },
    [400, 2106, '/private_key'],
    /does not belong/,
    patch,
  );
  await assertRefused(
    { geo_restrictions: { label: 'eu' } },
    [400, 1011, '/geo_restrictions'],
    /leave it out/,
    patch,
  );
  await assertRefused({ certificate: '' }, [400, 1002, '/certificate'], /is empty/, patch);
  const seen = await send(plain, ['GET', `${place}/${made.result.id}`], account.token);
  assert.deepEqual(seen.result, made.result);
});

it('a pack that was uploaded is not changed, deleted or revoked as one that was ordered', async () => {
  const place = `/zones/${account.zones[0]?.id}`;
  const answer = await api.get(`${place}/ssl/certificate_packs?status=all`, account.token);
  const { result }: { result: { id: string }[] } = JSON.parse(await answer.text());
  const path = `${place}/ssl/certificate_packs/${result[0]?.id}`;
  for (const [method, at] of [
    ['PATCH', path],
    ['DELETE', path],
    ['POST', `${path}/revoke`],
    ['POST', `${path}/failover`],
  ] as const) {
    const refusal = await send(plain, [method, at], account.token);
    assert.equal(refusal.status, 400, `${method} ${at} ${refusal.message}`);
  }
});

it('no answer, record or row has a private key in clear', async () => {
  const [, , zone = assert.fail()] = account.zones;
  const made = await ca.issue(['fifth.test']);
  const { result } = await send(plain, ['POST', `/zones/${zone.id}/custom_certificates`], account.token, {
    body: { certificate: made.certificate, private_key: made.private_key },
  });
  const key = made.private_key.split('\n')[2] ?? assert.fail();
  const told = [
    JSON.stringify(result),
    await (await api.get(`/zones/${zone.id}/ssl/certificate_packs?status=all`, account.token)).text(),
    await (
      await api.get(`/accounts/${account.id}/logs/audit?since=2000-01-01&before=2100-01-01`, account.token)
    ).text(),
  ];
  assert(told.every((text) => !text.includes(key)));
  const { rows } = await api.jobs.pool.query<{ row: string }>(
    `select certificates::text as row from certificates union all select uploads::text from uploads
     union all select packs::text from packs union all select audit::text from audit
     union all select order_requests::text from order_requests`,
  );
  assert(rows.length > 5 && rows.every(({ row }) => !row.includes(key)));
  await assertStored(api.jobs.pool, api.jobs.json);
});
