import { isWildcard } from './hosts.ts';
import type { PackType } from './pack.ts';

/** A pack that could serve a name, and the host of it that covers the name. */
export interface Candidate {
  readonly packId: string;
  readonly host: string;
  readonly type: PackType;
  readonly createdOn: Date;
}

/** Lower serves first. Source: Cloudflare, certificate and hostname priority. */
const TYPE_RANK: Readonly<Record<PackType, number>> = {
  keyless: 1,
  legacy_custom: 2,
  sni_custom: 3,
  managed_hostname: 4,
  mh_custom: 4,
  advanced: 5,
  total_tls: 6,
  universal: 7,
};

/** The candidate that serves: exact name before wildcard, then by type, then the one ordered last. */
export function serving<T extends Candidate>(candidates: readonly T[]): T | undefined {
  return candidates.toSorted(precedence)[0];
}

function precedence(a: Candidate, b: Candidate): number {
  return (
    Number(isWildcard(a.host)) - Number(isWildcard(b.host)) ||
    TYPE_RANK[a.type] - TYPE_RANK[b.type] ||
    b.createdOn.getTime() - a.createdOn.getTime() ||
    (a.packId < b.packId ? -1 : 1)
  );
}
