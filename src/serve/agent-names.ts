/** Which pack serves each name at the place of an edge, many names at a time. */
import { createHash } from 'node:crypto';
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
  /** Changes where a certificate of it does. */
  readonly digest: string;
}

/** 32 hexadecimal characters that tell leaves of a pack from others. */
export const digestOf = (packId: string, { ecdsa = '', rsa = '' }: ServedLeaves): string =>
  createHash('sha256').update(`${packId} ${ecdsa} ${rsa}`).digest('hex').slice(0, 32);

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
  const packs = new Map(
    ordered.flatMap(([, all]) => all.map((one) => [one.packId, { id: one.packId, zone: one.zone }] as const)),
  );
  const leaves = await listLeaves(pool, [...packs.values()], regionKeyIds);
  return new Map(
    ordered.flatMap(([name, all]) => {
      const candidate = all.find(({ packId }) => leaves.has(packId));
      return candidate ? [[name, toServing(candidate, leaves.get(candidate.packId) ?? {})] as const] : [];
    }),
  );
}

const toServing = (candidate: NameCandidate, leaves: ServedLeaves): ServingPack => ({
  id: candidate.packId,
  zone: candidate.zone,
  candidate,
  leaves,
  digest: digestOf(candidate.packId, leaves),
});

/** Whether a name can be told: an address is none. */
export const isTellable = (name: string): boolean =>
  /^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?$/.test(name) && /[a-z]/.test(name);

/** Packs by their ids, each once. */
export const packsIn = (served: ReadonlyMap<string, ServingPack>): readonly ServingPack[] => [
  ...new Map([...served.values()].map((pack) => [pack.id, pack])).values(),
];
