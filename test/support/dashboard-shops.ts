/** A small world as a platform for shops has it: packs of all CAs, of several lengths, some of them stuck. */
import { untilActive } from './dashboard-views.ts';
import type { DevWorld } from './world.ts';

const SHOPS = [
  ['bakery.test', 'google', 90],
  ['bicycles.test', 'lets_encrypt', 90],
  ['books.test', 'ssl_com', 90],
  ['flowers.test', 'google', 30],
  ['garden.test', 'google', 90],
  ['music.test', 'lets_encrypt', 30],
  ['tea.test', 'google', 14],
  ['tools.test', 'lets_encrypt', 14],
  ['toys.test', 'ssl_com', 30],
  ['wine.test', 'google', 30],
] as const;

/** Orders all of it; the address of one pack that is served. */
export async function givenShops(world: DevWorld): Promise<string> {
  const { client, account_id: id } = world;
  const terms = { type: 'advanced', validation_method: 'txt' } as const;
  const served: (readonly [zone: string, pack: string])[] = [];
  for (const [name, ca, days] of SHOPS) {
    const zone = await client.zones.create({ account: { id }, name, type: 'full' });
    const order = { ...terms, zone_id: zone.id, certificate_authority: ca, validity_days: days };
    const hosts = [name, `*.${name}`];
    const isBacked = served.length === 0;
    const pack = await client.ssl.certificatePacks.create({
      ...order,
      hosts,
      ...(isBacked && { backup: true }),
    });
    served.push([zone.id, pack.id]);
  }
  for (const name of ['cheese.test', 'shoes.test']) {
    const zone = await client.zones.create({ account: { id }, name, type: 'partial' });
    const order = { ...terms, zone_id: zone.id, certificate_authority: 'google', validity_days: 90 } as const;
    await client.ssl.certificatePacks.create({ ...order, hosts: [`www.${name}`, name] });
  }
  for (const [zone, pack] of served) await untilActive(world, zone, pack);
  const faults = [{ fault: 'answer', on: 'new-order', status: 503, problem: 'serverInternal' }];
  await world.tell('PUT', '/ca/ssl_com/faults', { faults });
  const [first = ['', '']] = served;
  const late = { ...terms, zone_id: first[0], certificate_authority: 'ssl_com', validity_days: 90 } as const;
  await client.ssl.certificatePacks.create({ ...late, hosts: ['stall.bakery.test'] });
  return `zones/${first[0]}/packs/${first[1]}`;
}
