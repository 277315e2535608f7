/** `primary_certificate` is always one of `certificates`, whatever becomes of the pack, or is not there. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startTestService, type TestService } from '../support/service.ts';
import { until } from '../support/world.ts';

const LIMIT = { timeout: 120_000 };

const ends = new AsyncDisposableStack();
let service: TestService;
let zone: { readonly id: string; readonly name: string };
before(async () => {
  service = await startTestService(ends, { options: { universal: true } });
  const account = { id: service.accountId };
  zone = await service.client.zones.create({ account, name: 'primary.test', type: 'full' });
});
after(() => ends.disposeAsync());

interface PackReply {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly primary_certificate?: string;
  readonly certificates: readonly {
    readonly id: string;
    readonly signature?: string;
    readonly status: string;
  }[];
}

/** All packs of the zone; of each that has certificates, the primary one is the ECDSA one of these, the first. */
async function listed(): Promise<readonly PackReply[]> {
  const { result } = await service.client.ssl.certificatePacks.list({ zone_id: zone.id, status: 'all' });
  for (const { primary_certificate: primary, certificates, ...pack } of result) {
    const [first] = certificates;
    assert.equal(primary, first?.id, pack.status);
    assert.equal(first?.signature ?? 'ECDSAWithSHA256', 'ECDSAWithSHA256');
    for (const one of certificates)
      for (const field of ['priority', 'geo_restrictions']) assert(!(field in one), field);
    if (!primary) assert(!('primary_certificate' in pack));
  }
  return result;
}

const reached = (statuses: readonly string[]) =>
  until(listed, (packs) => packs.map(({ status }) => status).join() === statuses.join(), 60);
const primaries = (packs: readonly PackReply[]) => packs.map((pack) => pack.primary_certificate);

it('a pack that has no certificate yet has no primary one', LIMIT, async () => {
  const partial = await service.client.zones.create({
    account: { id: service.accountId },
    name: 'waiting.test',
    type: 'partial',
  });
  const { result } = await service.client.ssl.certificatePacks.list({ zone_id: partial.id, status: 'all' });
  assert(result.length > 0);
  for (const pack of result)
    assert.deepEqual([pack.certificates, 'primary_certificate' in pack], [[], false]);
});

it(
  'Universal, its backup, a failover and a renewal: each pack keeps its primary certificate until it has new ones',
  LIMIT,
  async () => {
    const first = primaries(await reached(['active', 'backup_issued']));
    assert.equal(new Set(first).size, 2);
    const [{ id } = assert.fail()] = await listed();
    await service.client.post(`/zones/${zone.id}/ssl/certificate_packs/${id}/failover`);
    assert.deepEqual(primaries(await reached(['inactive', 'active'])), first);
    for (let day = 0; day < 62; day += 2) await service.advance(2 * 86_400);
    const renewed = await until(
      listed,
      (packs) => primaries(packs).every((one) => one !== undefined && !first.includes(one)),
      60,
    );
    assert.deepEqual(
      renewed.map((pack) => [pack.status, pack.certificates.length]),
      [
        ['inactive', 2],
        ['active', 2],
      ],
    );
  },
);
