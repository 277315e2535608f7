import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Location } from '../pack/region.ts';
import { loadRegionKeys, readPublicKey, writeRegionKey } from '../serve/regions.ts';
import type { ServiceParts } from '../serve/service-parts.ts';
import { WORLD } from './edges.ts';

/** Where the other region is: the whole of it in one country, so that every policy about it can be told. */
const FAR: Location = { regions: ['EU', 'WEUR'], country: 'DE', isHighestSecurity: false };

/**
 * Two regions, as an installation of several has them: `us`, in which the world's edges are, and `eu`, whose private key the
 * world's service does not have.
 */
export function worldRegions(dir: string): Required<Pick<ServiceParts, 'regions' | 'regionKeys'>> {
  const folder = join(dir, 'regions');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fileOf = (name: string) => join(folder, `${name}.key`);
  const publicKeyOf = (name: string) =>
    existsSync(fileOf(name)) ? readPublicKey(fileOf(name)) : writeRegionKey(fileOf(name));
  const [us, eu] = [publicKeyOf('us'), publicKeyOf('eu')];
  return {
    regions: [
      { name: 'us', location: WORLD, publicKey: us },
      { name: 'eu', location: FAR, publicKey: eu },
    ],
    regionKeys: loadRegionKeys({ region_key_files: [fileOf('us')] }),
  };
}
