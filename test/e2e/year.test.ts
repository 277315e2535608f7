/** A year in the stand-in: real orders at the simulated CAs, real handshakes; only time is virtual. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { showLeaf } from '../../src/edge/handshake.ts';
import { days } from '../../src/kit/time.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

interface IssuedList {
  readonly certificates: readonly { hosts: string[]; not_before: string; not_after: string }[];
}

const isActive = (seen: readonly { status: string }[]): boolean =>
  seen.every(({ status }) => status === 'active');

it('every pack lives through a year: it is renewed in time, never twice for one need, and its edge never shows an ended leaf', async () => {
  const zone = await world.client.zones.create({
    account: { id: world.account_id },
    name: 'year.test',
    type: 'full',
  });
  const orders = [
    { certificate_authority: 'lets_encrypt', validity_days: 90 },
    { certificate_authority: 'google', validity_days: 14 },
    { certificate_authority: 'ssl_com', validity_days: 30 },
  ] as const;
  const packs = await Promise.all(
    orders.map((order, i) =>
      world.client.ssl.certificatePacks.create({
        zone_id: zone.id,
        type: 'advanced',
        hosts: [`shop-${i}.year.test`],
        validation_method: 'txt',
        ...order,
      }),
    ),
  );
  const all = () =>
    Promise.all(packs.map(({ id }) => world.client.ssl.certificatePacks.get(id, { zone_id: zone.id })));
  const first = await until(all, isActive);

  for (let week = 0; week < 52; week++) {
    const { now } = await world.tell<{ now: string }>('POST', '/clock', { advance_s: days(7) });
    const seen = await all();
    assert(isActive(seen), `week ${week}: ${seen.map(({ status }) => status).join()}`);
    for (const i of orders.keys()) {
      const leaf = await leafOf(`shop-${i}.year.test`);
      assert(leaf.notAfter > new Date(now), `week ${week}: the edge shows a leaf that ended`);
    }
  }
  for (const [i, pack] of (await all()).entries()) {
    assert.equal(pack.id, first[i]?.id);
    assert.equal(pack.certificates?.length, 2);
    assert.notEqual(pack.primary_certificate, first[i]?.primary_certificate);
  }

  for (const [i, { certificate_authority, validity_days }] of orders.entries()) {
    const { certificates } = await world.tell<IssuedList>('GET', `/ca/${certificate_authority}`);
    const own = certificates.filter(({ hosts }) => hosts.includes(`shop-${i}.year.test`)).length;
    // Renewed when two thirds of a life are over or a 48th later, at the latest on the next of the days that are stepped by.
    const [soonest, latest] = [validity_days * (2 / 3), validity_days * (2 / 3 + 1 / 48) + 1];
    const [least, most] = [2 * (1 + Math.floor(365 / latest)), 2 * (1 + Math.ceil(365 / soonest))];
    assert(own >= least && own <= most, `${certificate_authority} issued ${own}, not ${least} to ${most}`);
  }
});

async function leafOf(name: string): Promise<{ notAfter: Date }> {
  const { host, port } = world.edges.production;
  const edge = { name: 'production-1', environment: 'production', host, port } as const;
  const shown = await showLeaf(edge, { name, algorithm: 'ecdsa' }, AbortSignal.timeout(5_000));
  return shown ?? assert.fail(`no leaf for ${name}`);
}
