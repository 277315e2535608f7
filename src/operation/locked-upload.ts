import { Fault } from '../kit/fault.ts';
import type { Pack } from '../pack/pack.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { findUpload } from '../store/uploads.ts';

/** The pack of a custom certificate, locked, in a transaction that holds its zone. Throws `certificate_not_found`. */
export async function lockUpload(tx: Tx, zoneId: string, id: string): Promise<Pack> {
  const found = await findUpload(tx, zoneId, id);
  const pack = found && (await lockPack(tx, zoneId, found.packId));
  if (!pack) throw certificateNotFound(id);
  return pack;
}

/** The fault of whoever asks for a custom certificate that the zone does not have. */
export const certificateNotFound = (id: string): Fault =>
  new Fault('certificate_not_found', `custom certificate ${id} not found`);
