import type Cloudflare from 'cloudflare';
import type { DevWorld } from './world.ts';
import { until } from './world.ts';

type Order = Parameters<Cloudflare['ssl']['certificatePacks']['create']>[0];
export type PackReply = Awaited<ReturnType<Cloudflare['ssl']['certificatePacks']['get']>>;

let zones = 0;

/** A new zone of a name that no other test uses. */
export async function givenZone(
  world: DevWorld,
  type: 'full' | 'partial',
): Promise<{ id: string; name: string }> {
  zones += 1;
  const name = `zone-${process.pid}-${zones}.test`;
  const zone = await world.client.zones.create({ account: { id: world.account_id }, name, type });
  return { id: zone.id, name };
}

/** An order by the vendor's client, for the apex of the zone unless told otherwise. */
export const orderOf = (zone: { id: string; name: string }, change: Partial<Order> = {}): Order => ({
  zone_id: zone.id,
  type: 'advanced',
  hosts: [zone.name],
  certificate_authority: 'lets_encrypt',
  validation_method: 'txt',
  validity_days: 90,
  ...change,
});

/** Waits until a pack is in `status`. */
export const reach = (
  world: DevWorld,
  zoneId: string,
  packId: string,
  { status, seconds }: { readonly status: string; readonly seconds?: number },
): Promise<PackReply> =>
  until(
    () => world.client.ssl.certificatePacks.get(packId, { zone_id: zoneId }),
    (pack) => pack.status === status,
    seconds,
  );

/** Publishes a record set in a customer's zone. */
export const publish = (
  world: DevWorld,
  name: string,
  type: string,
  values: readonly string[],
): Promise<unknown> => world.tell('PUT', '/dns/records', { name, type, values });
