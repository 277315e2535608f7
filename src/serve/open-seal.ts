import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import { settleSetting } from '../store/installation-settings.ts';
import { kekPlaceOf, loadSeal } from './kek.ts';
import type { ServiceParts } from './service-parts.ts';

/**
 * The seal that all processes of this installation share. Throws `configuration` where the database was begun
 * with another key: packs would be active, and their private keys of no use.
 */
export async function openSeal({ options, dir, pool }: ServiceParts): Promise<Seal> {
  const place = kekPlaceOf(options, dir);
  const seal = loadSeal(place);
  const agreed = await settleSetting(pool, 'kek', seal.id);
  if (seal.knows(agreed)) return seal;
  throw new Fault(
    'configuration',
    `the private keys in this database were sealed with the key-encryption key ${agreed}; the one of ` +
      `${options.kek === '' ? place.file : 'the option kek'} is ${seal.id}: bring the first one back. If it is lost, ` +
      '`certpacks key abandon` gives up what was sealed with it and orders all certificates anew',
  );
}
