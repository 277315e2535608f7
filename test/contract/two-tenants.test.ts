/** Two accounts, one after the other, with the same name, at CAs that know one account and reuse what was shown to them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type Cloudflare from 'cloudflare';
import { createAccount } from '../../src/store/accounts.ts';
import { createToken } from '../../src/store/tokens.ts';
import { newClient } from '../support/client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { until } from '../support/world.ts';

const ends = new AsyncDisposableStack();
let service: TestService;
/** The account that was made first, and another. */
let [first, other]: Tenant[] = [];
before(async () => {
  service = await startTestService(ends, { options: { name_rest_days: 0 } });
  first = { id: service.accountId, client: service.client };
  other = await newTenant();
});
after(() => ends.disposeAsync());

interface Tenant {
  readonly id: string;
  readonly client: Cloudflare;
}

async function newTenant(): Promise<Tenant> {
  const now = new Date();
  const { id } = await createAccount(service.pool, 'another', now);
  const apiToken = await createToken(service.pool, { accountId: id, name: 'x', access: 'write' }, now);
  return { id, client: newClient({ apiToken, baseURL: service.client.baseURL }) };
}

/** What the control interface of the simulated world answers. */
interface Told {
  readonly cas?: Readonly<Record<string, { readonly certificates: number }>>;
}

async function tell(path: string, method = 'GET', body?: object): Promise<Told> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${service.simulator.control}${path}`, {
    method,
    ...sent,
    signal: AbortSignal.timeout(10_000),
  });
  assert.equal(answer.ok, true);
  return JSON.parse(await answer.text());
}

const publish = (name: string, values: readonly string[]) =>
  tell('/dns/records', 'PUT', { name, type: 'TXT', values });

/** A pack of an account, in a zone that it makes. */
interface Owned {
  readonly zoneId: string;
  readonly id: string;
  readonly record: { readonly txt_name?: string; readonly txt_value?: string } | undefined;
  readonly get: () => Promise<{ readonly status: string; readonly validation_errors?: unknown }>;
}

async function order({ id: account, client }: Tenant, name: string): Promise<Owned> {
  const { id: zoneId } = await client.zones.create({ account: { id: account }, name, type: 'partial' });
  const packs = client.ssl.certificatePacks;
  const { id, validation_records: records } = await packs.create({
    zone_id: zoneId,
    type: 'advanced',
    hosts: [name],
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 90,
  });
  return { zoneId, id, record: records?.[0], get: () => packs.get(id, { zone_id: zoneId }) };
}

const active = (pack: Owned) => until(pack.get, ({ status }) => status === 'active');
async function certificates(): Promise<number | undefined> {
  const { cas } = await tell('/state');
  return cas?.['lets_encrypt']?.certificates;
}

it('the next account that has a name gets no certificate by what the one before has shown', async () => {
  assert(first && other);
  const earlier = await order(first, 'shop-one.test');
  assert(earlier.record?.txt_name && earlier.record.txt_value);
  await publish(earlier.record.txt_name, [earlier.record.txt_value]);
  await active(earlier);
  await first.client.zones.delete({ zone_id: earlier.zoneId });
  const issued = await certificates();

  const next = await order(other, 'shop-one.test');
  assert(next.record?.txt_name && next.record.txt_value);
  assert.notEqual(next.record.txt_value, earlier.record.txt_value, 'which is in DNS still');
  for (let hour = 0; hour < 5; hour++) {
    await service.advance(3_600);
    await delay(200);
    assert.equal((await next.get()).status, 'pending_validation');
  }
  assert.equal(await certificates(), issued);

  await publish(next.record.txt_name, [next.record.txt_value]);
  await service.advance(86_400);
  await active(next);
});
