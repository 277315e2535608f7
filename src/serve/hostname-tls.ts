import { type HostnameTls, tlsOf } from '../pack/hostname-tls.ts';
import type { Pack, PackKey } from '../pack/pack.ts';
import { isOfHostname } from '../pack/type.ts';
import { listHostnameSettings } from '../store/hostname-settings.ts';
import type { Db } from '../store/store.ts';

/** What hostnames say of handshakes by the packs that are theirs, the current one or one that leaves. */
export async function tlsOfPacks(
  db: Db,
  packs: readonly (PackKey & Pick<Pack, 'type'>)[],
): Promise<ReadonlyMap<string, HostnameTls>> {
  const own = packs.filter(isOfHostname);
  const settings = await listHostnameSettings(db, own);
  return new Map(
    [...settings].flatMap(([id, one]) => {
      const tls = tlsOf(one);
      return tls ? [[id, tls] as const] : [];
    }),
  );
}
