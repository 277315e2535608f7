/** What Total TLS sees of names in a zone, in a transaction that holds it. */
import { wildcardOf } from '../pack/hosts.ts';
import type { Pack, PackZone } from '../pack/pack.ts';
import { getDeeperZone } from '../store/names.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { type HostOfPack, listOptedOut, listPacksWith, listProxied } from '../store/total-tls.ts';
import { isForEdges } from './move-managed.ts';

/** What is known of names. */
interface Sight {
  readonly proxied: ReadonlySet<string>;
  readonly optedOut: ReadonlySet<string>;
  /** Those in a zone below, which sees to them itself. */
  readonly elsewhere: ReadonlySet<string>;
  /** Packs that have one of the names, or a wildcard above it, for a host. */
  readonly packs: readonly HostOfPack[];
}

/** What is known of one of them. */
export interface SeenName extends Sight {
  readonly name: string;
}

/** Looks at names, in A-labels. */
export async function lookAt(tx: Tx, zone: PackZone, names: readonly string[]): Promise<Sight> {
  return {
    proxied: await listProxied(tx, zone.id, names),
    optedOut: await listOptedOut(tx, zone.id, names),
    elsewhere: await listElsewhere(tx, zone, names),
    packs: await listPacksWith(tx, zone, [...new Set([...names, ...names.map(wildcardOf)])]),
  };
}

/** Those names that are in a zone of their own, or whose wildcard covers one. */
async function listElsewhere(tx: Tx, zone: PackZone, names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  if (!(await getDeeperZone(tx, zone, names))) return found;
  for (const name of names) if (await getDeeperZone(tx, zone, [name])) found.add(name);
  return found;
}

const isOwn = ({ name }: SeenName, { host, type }: HostOfPack): boolean =>
  type === 'total_tls' && host === name;

/**
 * Packs of Total TLS for the name, those alone that are for the edges, locked, in order of creation: the last is to take the place
 * of the others.
 */
export async function ownPacks(tx: Tx, zone: PackZone, seen: SeenName): Promise<Pack[]> {
  const own: Pack[] = [];
  for (const { id } of seen.packs.filter((one) => isOwn(seen, one))) {
    const pack = await lockPack(tx, zone.id, id);
    if (pack && isForEdges(pack)) own.push(pack);
  }
  return own;
}

/** Packs beside those that have the name, or a wildcard that covers it. */
export const othersThan = (seen: SeenName): HostOfPack[] =>
  seen.packs.filter(
    (one) => (one.host === seen.name || one.host === wildcardOf(seen.name)) && !isOwn(seen, one),
  );
