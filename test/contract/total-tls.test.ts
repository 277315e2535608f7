/** Total TLS, by Cloudflare's own client: names of proxied records get their packs by themselves, and lose them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { code, type PackReply, proxyable, startTotalTls, type TotalTlsScene } from '../support/total-tls.ts';

const LIMIT = { timeout: 90_000 };
const DAY = 86_400;

const ends = new AsyncDisposableStack();
let at: TotalTlsScene;
before(async () => {
  at = await startTotalTls(ends);
});
after(() => ends.disposeAsync());

const ids = (all: readonly PackReply[]) => all.map(({ id }) => id).toSorted();
const isServed = async (name: string) => (await at.shownFor(name)).every((leaf) => leaf !== undefined);

it('its settings are off for a new zone, are told as they are set, and take the same value twice', async () => {
  const { id: zone_id } = await at.newZone();
  const off = { enabled: false, certificate_authority: 'google', validity_period: 90 };
  assert.deepEqual(await at.client.acm.totalTLS.get({ zone_id }), off);
  const chosen = { enabled: true, certificate_authority: 'lets_encrypt', validity_period: 90 };
  const wish = { zone_id, enabled: true, certificate_authority: 'lets_encrypt' } as const;
  for (let i = 0; i < 2; i++) assert.deepEqual(await at.client.acm.totalTLS.update(wish), chosen);
  assert.deepEqual(await at.client.acm.totalTLS.edit({ zone_id, enabled: true }), chosen, 'the CA stays');
  const patched = await at.client.patch(`/zones/${zone_id}/acm/total_tls`, {
    body: { enabled: false },
  });
  assert.deepEqual(patched, {
    success: true,
    errors: [],
    messages: [],
    result: { ...chosen, enabled: false },
  });
  assert.deepEqual(await at.client.acm.totalTLS.get({ zone_id }), { ...chosen, enabled: false });
});

it('its settings take no other values', async () => {
  const { id } = await at.newZone();
  const post = (body: object) => at.client.post(`/zones/${id}/acm/total_tls`, { body }).catch(code);
  assert.deepEqual(await post({}), [400, 1400]);
  assert.deepEqual(await post({ enabled: 'yes' }), [400, 1400]);
  assert.deepEqual(await post({ enabled: true, certificate_authority: 'digicert' }), [400, 1400]);
});

it('its settings cannot be switched on for a zone whose DNS is answered elsewhere', async () => {
  const { id: zone_id } = await at.newZone('partial');
  assert.deepEqual(await at.client.acm.totalTLS.update({ zone_id, enabled: true }).catch(code), [400, 1438]);
  assert.equal((await at.client.acm.totalTLS.update({ zone_id, enabled: false })).enabled, false);
});

it(
  'names of proxied records have a pack each that becomes active by itself, and others have none',
  LIMIT,
  async () => {
    const zone = await at.newZone();
    await at.record(zone, 'before');
    await at.record(zone, 'plain', false);
    await at.record(zone, 'x'.repeat(60));
    await at.record(zone, '_service');
    await at.client.acm.totalTLS.update({ zone_id: zone.id, enabled: true });
    await at.record(zone, 'deep.er.after');
    await at.record(zone, '*.wild');
    await at.record(zone, 'below.wild');
    const all = await at.reached(zone, 'before active', 'deep.er.after active', '*.wild active');
    for (const { certificates, certificate_authority: ca } of all)
      assert.deepEqual([certificates.length, ca], [2, 'google']);
    for (const label of ['before', 'deep.er.after', 'below.wild'])
      assert(await isServed(`${label}.${zone.name}`), label);
    const { advanced } = await at.client.ssl.certificatePacks.quota.get({ zone_id: zone.id });
    assert.equal(advanced?.used, 0);
  },
);

it(
  'names of proxied records lose the pack with their last proxied record, and have it back where that returns soon',
  LIMIT,
  async () => {
    const zone = await at.zoneWithTotalTls();
    const first = await at.record(zone, 'www');
    const gone = await at.record(zone, 'gone');
    const had = await at.reached(zone, 'gone active', 'www active');
    const proxy = (proxied: boolean) =>
      at.client.dns.records.edit(first.id, { zone_id: zone.id, ...proxyable(zone, 'www', proxied) });
    await proxy(false);
    await at.client.dns.records.delete(gone.id, { zone_id: zone.id });
    await at.reached(zone, 'gone inactive', 'www inactive');
    assert(!(await isServed(`www.${zone.name}`)));
    await proxy(true);
    const back = await at.reached(zone, 'gone inactive', 'www active');
    assert.deepEqual(ids(back), ids(had), 'nothing was ordered anew');
    await at.service.advance(DAY + 60);
    await at.reached(zone, 'www active');
  },
);

it(
  'names of proxied records have none where another pack covers them, and one as soon as that goes',
  LIMIT,
  async () => {
    const zone = await at.zoneWithTotalTls();
    const id = await at.orderAdvanced(zone, 'www', '*.shop');
    await at.record(zone, 'www');
    await at.record(zone, 'a.shop');
    await at.record(zone, 'a.b.shop');
    await at.reached(zone, 'a.b.shop active');
    await at.client.ssl.certificatePacks.delete(id, { zone_id: zone.id });
    await at.reached(zone, 'a.b.shop active', 'a.shop active', 'www active');
  },
);

it('names of proxied records are left to Universal while that is on', LIMIT, async () => {
  const zone = await at.zoneWithTotalTls();
  const settings = at.client.ssl.universal.settings;
  await settings.edit({ zone_id: zone.id, enabled: true });
  await at.record(zone, 'www');
  await at.record(zone, 'a.www');
  await at.reached(zone, 'a.www active');
  await settings.edit({ zone_id: zone.id, enabled: false });
  await at.reached(zone, 'a.www active', 'www active');
});
