import { isWildcard } from './hosts.ts';
import type { PackType } from './pack.ts';
import { TYPES } from './type.ts';

/** A pack that could serve a name, and the host of it that covers the name. */
export interface Candidate {
  readonly packId: string;
  readonly host: string;
  readonly type: PackType;
  /** When it was ordered; of a backup, when the pack was for which it is kept. */
  readonly createdOn: Date;
  /** Whether its zone has its name; else that went to another account, or the zone is going. */
  readonly hasName: boolean;
  /** Whether it is on its way off the edges, because the other of a pack and its backup is there. */
  readonly isStandby?: boolean;
}

/**
 * The candidate that serves: of who has the name, then exact name before wildcard, then by type, then the one ordered last; of a
 * pack and its backup the one that does not stand by.
 */
export function serving<T extends Candidate>(candidates: readonly T[]): T | undefined {
  return candidates.toSorted(precedence)[0];
}

function precedence(a: Candidate, b: Candidate): number {
  return (
    Number(b.hasName) - Number(a.hasName) ||
    Number(isWildcard(a.host)) - Number(isWildcard(b.host)) ||
    TYPES[a.type].rank - TYPES[b.type].rank ||
    b.createdOn.getTime() - a.createdOn.getTime() ||
    Number(a.isStandby ?? false) - Number(b.isStandby ?? false) ||
    (a.packId < b.packId ? -1 : 1)
  );
}
