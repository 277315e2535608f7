/** Something of each kind in a small world, and the views of the dashboard that show it. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { make, pemOf } from './pki.ts';
import type { DevWorld } from './world.ts';

/** Address, heading, and what is there when all of it has come. */
export type View = readonly [at: string, heading: RegExp, text?: string];

const TERMS = {
  type: 'advanced',
  certificate_authority: 'google',
  validation_method: 'txt',
  validity_days: 90,
} as const;

const LIMIT_MS = 30_000;

/** Waits until a pack is active. */
export async function untilActive({ client }: DevWorld, zoneId: string, packId: string): Promise<void> {
  for (const until = Date.now() + LIMIT_MS; ; await sleep(100)) {
    const { status } = await client.ssl.certificatePacks.get(packId, { zone_id: zoneId });
    if (status === 'active') return;
    assert(Date.now() < until, `the pack is still ${status}`);
  }
}

/** Asks what the vendor's client does not know. */
export async function askApi<T>(
  { api, token }: DevWorld,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(api + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const { result, errors }: { result: T; errors: { message: string }[] } = JSON.parse(await answer.text());
  assert(answer.ok, errors[0]?.message);
  return result;
}

/** What there is to see. */
export interface Given {
  readonly views: readonly View[];
  /** Zone and id of a pack that waits for its customer, and of one that is served. */
  readonly waiting: readonly [zone: string, id: string];
  readonly served: readonly [zone: string, id: string];
}

/** A policy of alerts, with its webhook. */
async function givenAlerts(world: DevWorld): Promise<void> {
  const alerting = `/accounts/${world.account_id}/alerting/v3`;
  const url = 'https://hooks.example.test/certificates';
  const webhook = await askApi<{ id: string }>(world, 'POST', `${alerting}/destinations/webhooks`, {
    name: 'operations',
    url,
  });
  await askApi(world, 'POST', `${alerting}/policies`, {
    name: 'what fails',
    alert_type: 'dedicated_ssl_certificate_event_type',
    enabled: true,
    mechanisms: { webhooks: [{ id: webhook.id }] },
  });
}

/** A custom certificate, self-signed. */
async function givenCertificate({ client }: DevWorld, zone_id: string): Promise<void> {
  const made = await make(new Date(), { hosts: ['own.views-full.test'] });
  const sent = { certificate: made.pem, private_key: pemOf(made), bundle_method: 'force' } as const;
  await client.customCertificates.create({ zone_id, ...sent });
}

/** What customers bring to the zone that has a pack that is served: a certificate, a hostname, the origin of those that have none; the views. */
export async function givenCustomers(world: DevWorld, { served: [zone_id] }: Given): Promise<View[]> {
  await givenCertificate(world, zone_id);
  const record = { type: 'A', name: 'to', content: '192.0.2.9', ttl: 1, proxied: true } as const;
  await world.client.dns.records.create({ zone_id, ...record });
  const path = `/zones/${zone_id}/custom_hostnames`;
  await askApi(world, 'PUT', `${path}/fallback_origin`, { origin: 'to.views-full.test' });
  const hostname = { hostname: 'shop.views-customer.test', ssl: { method: 'txt', type: 'dv' } };
  const { id } = await askApi<{ id: string }>(world, 'POST', path, hostname);
  return [
    [`zones/${zone_id}/certificates`, /Custom certificates/, 'own.views-full.test'],
    [`zones/${zone_id}/hostnames`, /Custom hostnames/, 'shop.views-customer.test'],
    [`zones/${zone_id}/hostnames/${id}`, /shop\.views-customer\.test/, 'Control of the name'],
    [`zones/${zone_id}/csrs`, /Requests for certificates/, 'no requests yet'],
  ];
}

/** What is elsewhere, in a world that listens for agents: an edge that nobody took up, a name that moves in; the views. */
export async function givenElsewhere(world: DevWorld, { waiting: [zone_id] }: Given): Promise<View[]> {
  const account = `/accounts/${world.account_id}`;
  const edge = { name: 'views-1', kind: 'nginx_by_name', region: ['EU', 'WEUR'], country: 'DE' };
  const { id } = await askApi<{ id: string }>(world, 'POST', `${account}/edges`, edge);
  const items = [{ zone_id, hosts: ['a-name-that-moves-in.views.test'] }];
  await askApi(world, 'POST', `${account}/move_ins`, { items });
  return [
    ['edges', /Edges/, 'views-1'],
    [`edges/${id}`, /views-1/, 'European Union'],
    [`zones/${zone_id}/keyless`, /Keyless certificates/, 'no keyless certificates yet'],
    ['moves', /Moving in/, 'a-name-that-moves-in'],
    ['csrs', /Requests for certificates/, 'no requests yet'],
  ];
}

/** A zone with its records and a pack that is served, one with a pack that waits, and a job that is over. */
export async function givenViews(world: DevWorld): Promise<Given> {
  const { client, account_id: id } = world;
  const account = { id };
  const zone = await client.zones.create({ account, name: 'views.test', type: 'partial' });
  const full = await client.zones.create({ account, name: 'views-full.test', type: 'full' });
  const record = { type: 'A', name: 'www', content: '192.0.2.1', ttl: 1, comment: 'the shop' } as const;
  await client.dns.records.create({ zone_id: full.id, ...record });
  const hosts = ['views.test', '*.views.test'];
  const waiting = await client.ssl.certificatePacks.create({ ...TERMS, zone_id: zone.id, hosts });
  const order = { ...TERMS, zone_id: full.id, hosts: ['views-full.test', '*.views-full.test'], backup: true };
  const served = await client.ssl.certificatePacks.create(order);
  await untilActive(world, full.id, served.id);
  const job = await askApi<{ id: string }>(world, 'POST', `/accounts/${id}/ssl/certificate_packs/bulk`, {
    action: 'failover',
    filter: { zone_id: zone.id },
    expected_count: 1,
  });
  await givenAlerts(world);
  return {
    waiting: [zone.id, waiting.id],
    served: [full.id, served.id],
    views: [
      ['', /Overview/, 'Latest events'],
      ['packs', /Packs/],
      ['packs?expires_after=2020-01-01&expires_before=2090-01-01&order=expires_on', /Packs/],
      ['packs?group=waiting_for_customer', /Packs/],
      ['packs?host=nothing.example', /Packs/],
      ['bulk?group=waiting_for_customer', /Act on many packs/],
      [`bulk/${job.id}`, /Fail over 1 pack/],
      [`zones/${zone.id}/packs/${waiting.id}`, /views\.test/, 'Copy all for a zone file'],
      [`zones/${full.id}/packs/${served.id}`, /views-full\.test/, 'its certificate'],
      ['zones', /Zones/],
      [`zones/${zone.id}`, /views\.test/],
      [`zones/${full.id}`, /views-full\.test/],
      [`zones/${zone.id}/order`, /Order a pack/],
      [`zones/${full.id}/dns`, /DNS records/],
      [`zones/${zone.id}/certificates`, /Custom certificates/, 'no custom certificates yet'],
      ['cas', /CAs/],
      ['alerts', /Alerts/, 'what fails'],
      ['alerts/channels', /Channels/, 'operations'],
      ['alerts/deliveries', /Deliveries/],
      ['tokens', /Tokens/],
      ['audit', /Audit log/],
      ['nowhere/at/all', /Not there/],
    ],
  };
}
