/** Packs of Total TLS, by Cloudflare's own client: deleted, revoked, renewed at another CA, many at once. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type PackReply, proxyable, startTotalTls, type TotalTlsScene } from '../support/total-tls.ts';
import { until } from '../support/world.ts';

const LIMIT = { timeout: 90_000 };
const DAY = 86_400;

const ends = new AsyncDisposableStack();
let at: TotalTlsScene;
before(async () => {
  at = await startTotalTls(ends);
});
after(() => ends.disposeAsync());

/** First labels of hosts, each with the CA of its pack. */
const cas = (all: readonly PackReply[]) =>
  all.map(({ hosts, certificate_authority: ca }) => `${hosts[0]?.split('.')[0]} ${ca}`).toSorted();
const isServed = async (name: string) => (await at.shownFor(name)).every((leaf) => leaf !== undefined);

it(
  'a pack of Total TLS that is deleted opts its name out, also for a record that is made anew',
  LIMIT,
  async () => {
    const zone = await at.zoneWithTotalTls();
    const { id: recordId } = await at.record(zone, 'www');
    await at.record(zone, 'other');
    const all = await at.reached(zone, 'other active', 'www active');
    const pack = all.find(({ hosts }) => hosts[0] === `www.${zone.name}`);
    await at.client.ssl.certificatePacks.delete(pack?.id ?? '', { zone_id: zone.id });
    await at.client.dns.records.delete(recordId, { zone_id: zone.id });
    await at.record(zone, 'www');
    await at.record(zone, 'third');
    await at.reached(zone, 'other active', 'third active');
    await at.client.acm.totalTLS.update({ zone_id: zone.id, enabled: false });
    await at.reached(zone, 'other inactive', 'third inactive');
    await at.client.acm.totalTLS.update({ zone_id: zone.id, enabled: true });
    const back = await at.reached(zone, 'other active', 'third active');
    assert(
      back.some(({ id }) => all.some((one) => one.id === id)),
      'what was there came back',
    );
  },
);

it('a pack of Total TLS that is revoked is ordered anew', LIMIT, async () => {
  const zone = await at.zoneWithTotalTls();
  await at.record(zone, 'www');
  const [pack] = await at.reached(zone, 'www active');
  await at.client.post(`/zones/${zone.id}/ssl/certificate_packs/${pack?.id}/revoke`, { body: {} });
  const [next] = await until(
    () => at.listed(zone),
    (all) => all.length === 1 && all[0]?.id !== pack?.id && all[0]?.status === 'active',
  );
  assert.notEqual(next?.id, pack?.id);
});

it(
  'a pack of Total TLS serves before Universal and behind an advanced pack for the same name',
  LIMIT,
  async () => {
    const zone = await at.zoneWithTotalTls();
    const name = `www.${zone.name}`;
    await at.record(zone, 'www');
    await at.reached(zone, 'www active');
    const own = await at.shownFor(name);
    const id = await at.orderAdvanced(zone, 'www');
    const advanced = await at.shownFor(name);
    assert(advanced.every((leaf) => leaf !== undefined && !own.includes(leaf)));
    await at.client.ssl.certificatePacks.delete(id, { zone_id: zone.id });
    await until(
      () => at.shownFor(name),
      (leaves) => leaves.join() === own.join(),
    );
    await at.reached(zone, 'www active');
  },
);

it('another CA is asked for new packs, and at their renewal for those that are there', LIMIT, async () => {
  const zone = await at.zoneWithTotalTls();
  await at.record(zone, 'first');
  const [first] = await at.reached(zone, 'first active');
  await at.client.acm.totalTLS.update({ zone_id: zone.id, enabled: true, certificate_authority: 'ssl_com' });
  await at.record(zone, 'second');
  assert.deepEqual(cas(await at.reached(zone, 'first active', 'second active')), [
    'first google',
    'second ssl_com',
  ]);
  await at.service.advance(62 * DAY);
  await until(
    () => at.listed(zone),
    (all) =>
      all.filter(({ hosts, status }) => hosts[0] === `first.${zone.name}` && status === 'active').length ===
      2,
  );
  assert(await isServed(`first.${zone.name}`));
  await at.service.advance(DAY + 60);
  const left = await at.reached(zone, 'first active', 'second active');
  assert.deepEqual(cas(left), ['first ssl_com', 'second ssl_com']);
  assert(!left.some(({ id }) => id === first?.id));
});

it(
  'a zone that goes takes its packs of Total TLS along, and one of the same name begins without',
  LIMIT,
  async () => {
    const zone = await at.zoneWithTotalTls();
    await at.record(zone, 'www');
    await at.reached(zone, 'www active');
    await at.client.zones.delete({ zone_id: zone.id });
    await until(
      () => at.shownFor(`www.${zone.name}`),
      (leaves) => leaves.every((leaf) => leaf === undefined),
    );
    const again = await at.client.zones.create({
      account: { id: at.service.accountId },
      name: zone.name,
      type: 'full',
    });
    assert.equal((await at.client.acm.totalTLS.get({ zone_id: again.id })).enabled, false);
  },
);

it('records that are made many at once have a pack each', LIMIT, async () => {
  const zone = await at.zoneWithTotalTls();
  const labels = Array.from({ length: 60 }, (_, i) => `n${i}`);
  const posts = labels.map((label) => proxyable(zone, label));
  await at.client.dns.records.batch({ zone_id: zone.id, posts });
  await until(
    () => at.listed(zone),
    (all) => all.length === labels.length,
  );
});
