import type { Pack, Renewal } from '../pack/pack.ts';
import { putRenewal } from '../store/packs.ts';
import type { Pool } from '../store/store.ts';
import { first, packMoved } from './advance.ts';

/**
 * Puts a served pack down until its renewal is to begin, or the CA is to be asked again. Nothing of it shows in lists. Throws
 * `pack_moved`.
 */
export async function planRenewal(
  { pool }: { readonly pool: Pool },
  pack: Pack,
  renewal: Renewal,
): Promise<void> {
  const dueAt = first([renewal.at, renewal.askAt]);
  if (!(await putRenewal(pool, { ...pack, renewal }, dueAt))) throw packMoved(pack);
}
