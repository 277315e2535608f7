/** Where edges send the clients of custom hostnames, as it is given to those that pull. */

import { type HostnameOrigin, MOST_ORIGIN_ADDRESSES, sniOf } from '../pack/hostname-origin.ts';
import { isInZone, wildcardOf } from '../pack/hosts.ts';
import type { PackKey } from '../pack/pack.ts';
import { listRecords } from '../store/dns-records.ts';
import { getHostnameOrigin, type SaidOrigin } from '../store/hostname-settings.ts';
import type { Db } from '../store/store.ts';

/**
 * The origin of a pack's hostname, its own or its zone's; undefined: there is none. One whose records lead nowhere is without
 * addresses: clients who are meant for it are not sent elsewhere.
 */
export async function originOfPack(db: Db, pack: PackKey): Promise<HostnameOrigin | undefined> {
  const said = await getHostnameOrigin(db, pack);
  const name = said?.own ?? said?.fallback;
  if (!said || name === undefined) return undefined;
  const at = await placesOf(db, pack, { said, name });
  return { name, ...sniOf(name, said.own === undefined ? undefined : said.sni), at };
}

/** Most CNAME records of a zone that are followed. */
const MOST_HOPS = 8;

/**
 * Addresses, or the name that is to be looked up. In a zone whose DNS is ours proxied names lead to the edges: what their records
 * say is where the edges go on to.
 */
async function placesOf(
  db: Db,
  { zone }: PackKey,
  { said, name }: { readonly said: SaidOrigin; readonly name: string },
): Promise<string[]> {
  let at = name;
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    if (said.zoneType !== 'full' || !isInZone(at, said.zoneName)) return [at];
    const records = await listRecords(db, zone.id, { ids: [], names: [at, wildcardOf(at)] });
    const exact = records.filter((one) => one.name === at);
    const found = exact.length > 0 ? exact : records;
    const alias = found.find(({ type }) => type === 'CNAME');
    if (!alias) return addressesIn(found);
    at = alias.content;
  }
  return [];
}

const addressesIn = (records: Awaited<ReturnType<typeof listRecords>>): string[] =>
  records
    .filter(({ type }) => type === 'A' || type === 'AAAA')
    .map(({ content }) => content)
    .toSorted()
    .slice(0, MOST_ORIGIN_ADDRESSES);
