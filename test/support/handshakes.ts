/** Clients that shake hands with edges all the while, and whose certificates they are shown. */
import { showLeaf } from '../../src/edge/handshake.ts';
import { ALGORITHMS, type Algorithm } from '../../src/pack/pack.ts';
import type { TestEdge, TestService } from './service.ts';

/** Fingerprint of the leaf that an edge shows for a name; undefined: none, or no handshake. */
export const shownBy = async (
  edge: TestEdge,
  name: string,
  algorithm: Algorithm,
): Promise<string | undefined> =>
  (await showLeaf(edge, { name, algorithm }, AbortSignal.timeout(10_000)).catch(() => undefined))
    ?.fingerprint;

/** Fingerprints by pack and algorithm, as they are stored now. */
export async function leavesOf(
  { pool }: Pick<TestService, 'pool'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<Algorithm, string>>>> {
  const { rows } = await pool.query<{ pack_id: string; algorithm: Algorithm; fingerprint: string }>(
    'select pack_id, algorithm, fingerprint from certificates where pack_id = any($1)',
    [ids],
  );
  const of = (id: string, algorithm: Algorithm) =>
    rows.find((row) => row.pack_id === id && row.algorithm === algorithm)?.fingerprint ?? '';
  return new Map(ids.map((id) => [id, { ecdsa: of(id, 'ecdsa'), rsa: of(id, 'rsa') }] as const));
}

/** Whom clients ask, and how many of them. */
export interface Clients {
  readonly edges: readonly TestEdge[];
  readonly hosts: readonly string[];
  readonly clients: number;
}

/**
 * Starts clients that shake hands without a pause, with one edge after the other, for one host after the other, by one
 * algorithm after the other. `begin` is called before each handshake, and what it gives afterwards, with what was shown.
 */
export function startClients(
  { edges, hosts, clients }: Clients,
  begin: () => (leaf: string | undefined) => void,
): { readonly stop: () => Promise<void> } {
  const asks = ALGORITHMS.flatMap((algorithm) =>
    hosts.flatMap((host) => edges.map((edge) => ({ edge, host, algorithm }))),
  );
  const state = { isOver: false };
  const one = async (first: number) => {
    for (let i = first; !state.isOver; i++) {
      const ask = asks[i % asks.length];
      if (!ask) return;
      const end = begin();
      end(await shownBy(ask.edge, ask.host, ask.algorithm));
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, i) => one(i)));
  return {
    stop: async () => {
      state.isOver = true;
      await running;
    },
  };
}

/** The middle one, rounded. */
export const median = (numbers: readonly number[]): number =>
  Math.round(numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN);
