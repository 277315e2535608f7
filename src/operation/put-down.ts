import type { Pack } from '../pack/pack.ts';
import { setDue } from '../store/packs.ts';
import type { Pool } from '../store/store.ts';

/** Puts a pack that a worker has down until an instant, if ever: nobody works on what it is meanwhile. Nothing of it shows. */
export function putDown(
  { pool }: { readonly pool: Pool },
  pack: Pack,
  until: Date | undefined,
): Promise<void> {
  return setDue(pool, pack, until);
}
