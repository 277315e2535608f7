/** A change of the key pair of a region, and a region that comes to be: by a process that can open what is sealed. */
import {
  allowedRegions,
  type Region,
  type RegionKeys,
  regionKeyId,
  regionPurpose,
  sealToRegions,
} from '../key/region-key.ts';
import { ALGORITHMS } from '../pack/pack.ts';
import {
  keepRegionKeys,
  listRegionKeys,
  listRestricted,
  lockRestricted,
  putRegionKeys,
  type RestrictedPack,
} from '../store/region-keys.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';

/** What keys are sealed to, and what opens them. */
export interface ResealDeps {
  readonly pool: Pool;
  readonly regions: readonly Region[];
  readonly regionKeys: RegionKeys;
}

/** How many packs were sealed anew, and how many would have to be and do not open here. */
export interface Resealed {
  readonly done: number;
  readonly outOfReach: number;
}

const BATCH = 200;

/**
 * Seals the key of every restricted pack to the present public keys of the regions that may have it, and takes it from others, where
 * a private key here opens it. Whoever is interrupted begins anew: what is right is left alone.
 */
export async function resealRegions(deps: ResealDeps, onProgress: (done: number) => void): Promise<Resealed> {
  const sum = { done: 0, outOfReach: 0, right: 0 };
  let last: RestrictedPack | undefined;
  for (;;) {
    const packs = await listRestricted(deps.pool, last, BATCH);
    for (const pack of packs) sum[await transaction(deps.pool, (tx) => reseal(tx, deps, pack))] += 1;
    if (sum.done > 0) onProgress(sum.done);
    last = packs.at(-1);
    if (packs.length < BATCH) return sum;
  }
}

async function reseal(
  tx: Tx,
  { regions, regionKeys }: ResealDeps,
  pack: RestrictedPack,
): Promise<'done' | 'outOfReach' | 'right'> {
  const wanted = allowedRegions(regions, pack.restriction);
  const stored = (await lockRestricted(tx, pack)) ? await listRegionKeys(tx, pack) : undefined;
  if (!stored || wanted.length === 0) return 'right';
  let outcome: 'done' | 'right' = 'right';
  for (const algorithm of ALGORITHMS) {
    const keys = stored.keys.filter((one) => one.algorithm === algorithm);
    const stale = wanted.filter(
      ({ name, publicKey }) =>
        !keys.some((one) => one.region === name && one.keyId === regionKeyId(publicKey)),
    );
    if (keys.length === 0 || stale.length === 0) continue;
    const purpose = regionPurpose(stored.line, algorithm);
    const opened = regionKeys.open(keys, purpose);
    if (opened === undefined) return 'outOfReach';
    const fresh = sealToRegions(stale, opened, purpose);
    await putRegionKeys(
      tx,
      pack,
      fresh.map((one) => ({ ...one, algorithm })),
    );
    outcome = 'done';
  }
  const names = wanted.map(({ name }) => name);
  return (await keepRegionKeys(tx, pack, names)) ? 'done' : outcome;
}
