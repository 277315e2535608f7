/** Which pack serves each name at the place of an edge, many names at a time. */
import { createHash } from 'node:crypto';
import type { HostnameTls } from '../pack/hostname-tls.ts';
import type { PackKey } from '../pack/pack.ts';
import { servingAt } from '../pack/priority.ts';
import type { Edge } from '../store/edge-row.ts';
import {
  listCandidatesOf,
  listLeaves,
  type NameCandidate,
  type ServedLeaves,
} from '../store/served-names.ts';
import type { Pool } from '../store/store.ts';
import { tlsOfPacks } from './hostname-tls.ts';

/** What finding out needs. */
export interface NameDeps {
  readonly pool: Pool;
  /** Ids of the private keys of regions that this process has. */
  readonly regionKeyIds: readonly string[];
}

/** A pack that serves names at an edge. */
export interface ServingPack extends PackKey {
  readonly candidate: NameCandidate;
  readonly leaves: ServedLeaves;
  /** What its hostname says of handshakes. */
  readonly tls: HostnameTls | undefined;
  /** Changes where a certificate of it does, or what its hostname says of TLS. */
  readonly digest: string;
}

/** 32 hexadecimal characters that tell leaves of a pack, and what its hostname says of TLS, from others. */
export const digestOf = (
  packId: string,
  { ecdsa = '', rsa = '' }: ServedLeaves,
  tls: HostnameTls | undefined,
): string =>
  createHash('sha256')
    .update(`${packId} ${ecdsa} ${rsa}${tls ? ` ${JSON.stringify(tls)}` : ''}`)
    .digest('hex')
    .slice(0, 32);

/**
 * The pack that serves each of these names at an edge; names that none serves are left out. Of what is restricted, what may be there,
 * and opens in this process; elsewhere what comes next serves.
 */
export async function servingNames(
  { pool, regionKeyIds }: NameDeps,
  edge: Pick<Edge, 'environment' | 'location'>,
  names: readonly string[],
): Promise<ReadonlyMap<string, ServingPack>> {
  const candidates = await listCandidatesOf(pool, names, edge.environment);
  const ordered = names.map((name) => [name, servingAt(candidates.get(name) ?? [], edge.location)] as const);
  const packs = [...new Map(ordered.flatMap(([, all]) => all.map((one) => [one.packId, one]))).values()];
  const keys = packs.map(({ packId: id, zone, type }) => ({ id, zone, type }));
  const [leaves, tls] = await Promise.all([listLeaves(pool, keys, regionKeyIds), tlsOfPacks(pool, keys)]);
  return new Map(
    ordered.flatMap(([name, all]) => {
      const candidate = all.find(({ packId }) => leaves.has(packId));
      if (!candidate) return [];
      const { packId } = candidate;
      return [[name, toServing(candidate, leaves.get(packId) ?? {}, tls.get(packId))] as const];
    }),
  );
}

const toServing = (
  candidate: NameCandidate,
  leaves: ServedLeaves,
  tls: HostnameTls | undefined,
): ServingPack => ({
  id: candidate.packId,
  zone: candidate.zone,
  candidate,
  leaves,
  tls,
  digest: digestOf(candidate.packId, leaves, tls),
});

/** Whether a name can be told: an address is none. */
export const isTellable = (name: string): boolean =>
  /^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?$/.test(name) && /[a-z]/.test(name);

/** Packs by their ids, each once. */
export const packsIn = (served: ReadonlyMap<string, ServingPack>): readonly ServingPack[] => [
  ...new Map([...served.values()].map((pack) => [pack.id, pack])).values(),
];
