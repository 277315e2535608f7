/** A pack is promoted from staging to production, and taken back, by Cloudflare's own client; real edges show what is told. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import Cloudflare from 'cloudflare';
import { showLeaf } from '../../src/edge/handshake.ts';
import { ALGORITHMS, ENVIRONMENTS } from '../../src/pack/pack.ts';
import { givenZone, orderOf, type PackReply, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

const LIMIT = { timeout: 120_000 };

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world?.stop());

type Zone = Awaited<ReturnType<typeof givenZone>>;
const packs = () => world.client.ssl.certificatePacks;

/** Fields of ours, which the types of the client do not have. */
const extra = (fields: { readonly deploy?: string; readonly backup?: boolean }) => fields;

const order = (zone: Zone, fields: Parameters<typeof extra>[0] = {}): Promise<PackReply> =>
  packs().create({ ...orderOf(zone), ...extra(fields) });
const deploy = ({ id: zone_id }: Zone, { id }: PackReply, environment: string): Promise<PackReply> =>
  packs().edit(id, { zone_id, ...extra({ deploy: environment }) });

/** What the list has of a zone for each environment, in the order of creation. */
async function listed({ id: zone_id }: Zone, query: { readonly status?: 'all' } = { status: 'all' }) {
  const found: Record<string, (string | undefined)[]> = {};
  for (const environment of ENVIRONMENTS) {
    const { result, result_info: info } = await packs().list({ zone_id, ...query, deploy: environment });
    assert.equal(new Map(Object.entries(info)).get('total_count'), result.length);
    found[environment] = result.map(({ id }) => id);
  }
  return found;
}

/** Fingerprints of the leaves that the edge of an environment shows for a zone's name; undefined: none. */
const shown = (environment: 'production' | 'staging', { name }: Zone): Promise<(string | undefined)[]> =>
  Promise.all(
    ALGORITHMS.map(async (algorithm) => {
      const ask = { name, algorithm };
      return (
        await showLeaf({ name: environment, ...world.edges[environment] }, ask, AbortSignal.timeout(10_000))
      )?.fingerprint;
    }),
  );

const idsOf = ({ certificates }: PackReply) => certificates.map(({ id }) => id);

interface Explained {
  readonly waits_for: string;
  readonly notes: readonly string[];
}
const explained = async ({ id: zone }: Zone, { id }: PackReply): Promise<Explained> => {
  const path = `/zones/${zone}/ssl/certificate_packs/${id}/explain`;
  return (await world.client.get<{ result: Explained }>(path)).result;
};

it(
  'one goes up and down, the list of each environment has it at each step, and so have handshakes',
  LIMIT,
  async () => {
    const zone = await givenZone(world, 'full');
    const first = await order(zone);
    await reach(world, zone.id, first.id, { status: 'active' });
    const second = await order(zone, { deploy: 'staging' });
    await reach(world, zone.id, second.id, { status: 'staging_active' });
    assert.deepEqual(await listed(zone), { production: [first.id], staging: [second.id] });
    const [ofFirst, ofSecond] = [await shown('production', zone), await shown('staging', zone)];
    assert.equal(new Set([...ofFirst, ...ofSecond]).size, 4, 'each has leaves of its own');

    const { status } = await deploy(zone, second, 'production');
    assert.equal(status, 'pending_deployment');
    assert.deepEqual(await listed(zone), { production: [first.id, second.id], staging: [] });
    const up = await reach(world, zone.id, second.id, { status: 'active' });
    assert.equal(up.id, second.id);
    assert.deepEqual(await listed(zone, {}), { production: [first.id, second.id], staging: [] });
    assert.deepEqual(await shown('production', zone), ofSecond);
    await until(
      () => shown('staging', zone),
      (leaves) => leaves.every((leaf) => leaf === undefined || !ofSecond.includes(leaf)),
    );
    const { notes } = await explained(zone, first);
    assert.match(
      notes.join(),
      new RegExp(`${second.id} \\(advanced\\) serves ${zone.name}, and goes before`),
    );
    assert.match((await explained(zone, second)).waits_for, /every production edge showed its certificates/);
    assert.deepEqual(await deploy(zone, up, 'production'), up, 'the same again');

    assert.equal((await deploy(zone, second, 'staging')).status, 'staging_deployment');
    assert.deepEqual(await listed(zone), { production: [first.id], staging: [second.id] });
    const down = await reach(world, zone.id, second.id, { status: 'staging_active' });
    assert.deepEqual(idsOf(down), idsOf(up));
    assert.deepEqual(await listed(zone, {}), { production: [first.id], staging: [second.id] });
    assert.deepEqual(await shown('staging', zone), ofSecond);
    await until(
      () => shown('production', zone),
      (leaves) => leaves.join() === ofFirst.join(),
    );
    assert.deepEqual(
      (await explained(zone, first)).notes.filter((note) => note.includes(second.id)),
      [],
    );
  },
);

it('the record has who sent it where', LIMIT, async () => {
  const zone = await givenZone(world, 'full');
  const pack = await order(zone, { deploy: 'staging' });
  await reach(world, zone.id, pack.id, { status: 'staging_active' });
  await deploy(zone, pack, 'production');
  await reach(world, zone.id, pack.id, { status: 'active' });
  const path = `/zones/${zone.id}/ssl/certificate_packs/${pack.id}/events`;
  const { result } = await world.client.get<{
    result: { cause: string; owner: string; to_status?: string }[];
  }>(path);
  const moved = result.filter(({ cause }) => cause === 'put_on_edges');
  assert.deepEqual(
    moved.map(({ owner }) => owner),
    ['customer'],
  );
});

const refusalOf = async (ask: Promise<unknown>) => {
  const error = await ask.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert(error instanceof Cloudflare.APIError, String(error));
  const [first] = error.errors;
  const pointer = new Map(Object.entries(first ?? {})).get('source');
  return { status: error.status, code: first?.code, message: first?.message ?? '', pointer };
};

it('what cannot go is refused in words, with a pointer', LIMIT, async () => {
  const zone = await givenZone(world, 'full');
  const pack: PackReply & { backup_pack?: string } = await order(zone, { deploy: 'staging', backup: true });
  const backup = await packs().get(pack.backup_pack ?? assert.fail(), { zone_id: zone.id });
  const ofBackup = await refusalOf(deploy(zone, backup, 'production'));
  assert.deepEqual([ofBackup.status, ofBackup.code, ofBackup.pointer], [400, 1406, { pointer: '/deploy' }]);
  assert.match(ofBackup.message, new RegExp(`goes where its certificate pack ${pack.id} goes: PATCH that`));
  for (const wrong of ['both', '', 'Production']) {
    const { status, pointer } = await refusalOf(deploy(zone, pack, wrong));
    assert.deepEqual([status, pointer], [400, { pointer: '/deploy' }]);
  }
  await packs().delete(pack.id, { zone_id: zone.id });
  const ofDeleted = await refusalOf(deploy(zone, pack, 'production'));
  assert.deepEqual([ofDeleted.status, ofDeleted.code], [400, 1406]);
  assert.match(ofDeleted.message, /is being deleted/);
});
