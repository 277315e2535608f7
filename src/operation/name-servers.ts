import { createHash } from 'node:crypto';
import { nameServerSets, type ZonePolicy } from '../pack/zone-life.ts';
import { listSetsTaken, type NameServersAsked } from '../store/name-servers.ts';
import type { Tx } from '../store/store.ts';

/** What a zone of type `full` is to be delegated to. */
export interface Assigned {
  /** Undefined: all of the operator's. */
  readonly nameServers: readonly string[] | undefined;
  /** Whether that tells it from other zones of its name only together with the TXT record. */
  readonly wantsText: boolean;
}

/**
 * Chooses name servers for a zone, in a transaction that holds its domain: other ones than any other account has, or had, for
 * its name, so that a delegation that is there already shows nothing; and always the same ones for an account, so that
 * nobody gets others by asking again. Where all are taken, or the operator has no more than a zone wants, the TXT record
 * tells zones apart.
 */
export async function assignNameServers(
  tx: Tx,
  policy: ZonePolicy,
  asked: NameServersAsked,
): Promise<Assigned> {
  const sets = nameServerSets(policy);
  if (sets.length < 2) return { nameServers: undefined, wantsText: policy.activation === 'check' };
  const taken = new Set((await listSetsTaken(tx, asked)).map(keyOf));
  const ranked = sets
    .map((set) => ({ set, rank: rankOf(asked, set) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
  const free = ranked.find(({ set }) => !taken.has(keyOf(set)));
  const nameServers = (free ?? ranked[0])?.set;
  return { nameServers, wantsText: free === undefined && policy.activation === 'check' };
}

const keyOf = (set: readonly string[]): string => set.toSorted().join(' ');

const rankOf = ({ name, accountId }: NameServersAsked, set: readonly string[]): string =>
  createHash('sha256')
    .update(`${accountId} ${name} ${keyOf(set)}`)
    .digest('hex');
