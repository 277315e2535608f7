/** Universal with its backup, by Cloudflare's own client: they go off the edges and come back together. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startTestService, type TestService } from '../support/service.ts';
import { until } from '../support/world.ts';

const LIMIT = { timeout: 90_000 };

const ends = new AsyncDisposableStack();
let service: TestService;
let named = 0;
before(async () => {
  service = await startTestService(ends, { options: { universal: true } });
});
after(() => ends.disposeAsync());

interface ZoneReply {
  readonly id: string;
  readonly name: string;
}

/** A new zone whose pack and backup are in these statuses. */
async function givenZone(): Promise<ZoneReply> {
  const account = { id: service.accountId };
  const zone = await service.client.zones.create({ account, name: `b${++named}.test`, type: 'full' });
  await reached(zone, ['active', 'backup_issued']);
  return zone;
}

/** Every pack of a zone that is not about to go, once they are in these statuses, in order of creation. */
const reached = (zone: ZoneReply, statuses: readonly string[]) =>
  until(
    async () => {
      const { result } = await service.client.ssl.certificatePacks.list({ zone_id: zone.id, status: 'all' });
      return result.filter(({ status }) => !/delet/.test(status));
    },
    (packs) => packs.map(({ status }) => status).join() === statuses.join(),
  );

const turn = ({ id: zone_id }: ZoneReply, enabled: boolean) =>
  service.client.ssl.universal.settings.edit({ zone_id, enabled });

/** Certificates that the CAs issued for a zone so far. */
async function issuedFor({ name }: ZoneReply): Promise<number> {
  const all = await Promise.all(
    ['google', 'lets_encrypt', 'ssl_com'].map(async (ca) => {
      const answer = await fetch(`${service.simulator.control}/ca/${ca}`);
      const { certificates }: { certificates: { hosts: string[] }[] } = JSON.parse(await answer.text());
      return certificates.filter(({ hosts }) => hosts.includes(name)).length;
    }),
  );
  return all.reduce((sum, n) => sum + n, 0);
}

it(
  'a zone’s pack has a backup from another CA, and both are kept while Universal is off',
  LIMIT,
  async () => {
    const zone = await givenZone();
    const [pack, backup] = await reached(zone, ['active', 'backup_issued']);
    assert.deepEqual([pack?.type, backup?.type], ['universal', 'universal']);
    assert.notEqual(pack?.certificate_authority, backup?.certificate_authority);
    const had = await issuedFor(zone);
    await turn(zone, false);
    await reached(zone, ['inactive', 'backup_issued']);
    await turn(zone, true);
    const back = await reached(zone, ['active', 'backup_issued']);
    assert.deepEqual(
      back.map(({ id }) => id),
      [pack?.id, backup?.id],
    );
    assert.equal(await issuedFor(zone), had);
  },
);

it('a backup that serves goes off and comes back in the place of its pack', LIMIT, async () => {
  const zone = await givenZone();
  const [pack] = await reached(zone, ['active', 'backup_issued']);
  await service.client.post(`/zones/${zone.id}/ssl/certificate_packs/${pack?.id}/failover`);
  await reached(zone, ['inactive', 'active']);
  await turn(zone, false);
  await reached(zone, ['inactive', 'inactive']);
  await turn(zone, true);
  await reached(zone, ['inactive', 'active']);
});

it('what stands by is not renewed while Universal is off, and is as soon as it is on', LIMIT, async () => {
  const zone = await givenZone();
  await turn(zone, false);
  await reached(zone, ['inactive', 'backup_issued']);
  const had = await issuedFor(zone);
  await service.advance(70 * 86_400);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(await issuedFor(zone), had);
  await turn(zone, true);
  await until(
    () => issuedFor(zone),
    (n) => n >= had + 4,
  );
  await reached(zone, ['active', 'backup_issued']);
});

it('a backup can be given up while Universal is on, and the pack stays', LIMIT, async () => {
  const zone = await givenZone();
  const [, backup] = await reached(zone, ['active', 'backup_issued']);
  await service.client.ssl.certificatePacks.delete(backup?.id ?? '', { zone_id: zone.id });
  await reached(zone, ['active']);
});
