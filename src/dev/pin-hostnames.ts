/** Custom hostnames that a fixture file pins. */
import type { ApiDeps } from '../api/deps.ts';
import { setFallbackOrigin } from '../operation/change-fallback-origin.ts';
import type { GivenSsl } from '../operation/create-custom-hostname.ts';
import { deleteCustomHostname } from '../operation/delete-custom-hostname.ts';
import { pinHostname } from '../operation/pin-hostname.ts';
import { OPERATOR } from '../store/audit.ts';
import { findHostname } from '../store/custom-hostnames.ts';
import { getFallbackOrigin } from '../store/fallback-origins.ts';
import type { Zone } from '../store/zone-row.ts';
import type { Fixtures } from './fixtures.ts';
import { selfSigned } from './self-signed.ts';

type FixtureZone = NonNullable<Fixtures['zones']>[number];
type FixtureHostname = NonNullable<FixtureZone['custom_hostnames']>[number];

const TERMS = {
  metadata: undefined,
  originServer: undefined,
  originSni: undefined,
  wildcard: false,
  settings: {},
} as const;

/** Has the hostnames and the fallback origin of a zone there. */
export async function pinHostnames(
  deps: ApiDeps,
  zone: Zone,
  { custom_hostnames = [], fallback_origin: origin }: FixtureZone,
): Promise<void> {
  for (const one of custom_hostnames) {
    const bundleMethod = one.pack ? ('force' as const) : ('ubiquitous' as const);
    await pinHostname(deps, {
      zone,
      id: one.id,
      hostname: one.hostname,
      terms: { ...TERMS, bundleMethod },
      packIds: one.pack && { pack: one.pack.id, certificates: one.pack.certificates },
      ssl: () => sslOf(one, deps.clock.now()),
    });
  }
  if (origin !== undefined && (await getFallbackOrigin(deps.pool, zone.id))?.origin !== origin)
    await setFallbackOrigin(deps, { zone, origin, by: OPERATOR });
}

async function sslOf({ hostname, method = 'txt', pack }: FixtureHostname, now: Date): Promise<GivenSsl> {
  if (!pack) return { kind: 'managed', method, certificateAuthority: undefined, isBranded: false };
  const made = await Promise.all([selfSigned([hostname], now), selfSigned([hostname], now, 'rsa')]);
  const pairs = made.map(({ certificate, privateKey: key }) => ({ certificate, key, pointer: '/ssl' }));
  return { kind: 'given', pairs };
}

/** A client's suite makes the same hostname more than once: the one that is there, and not pinned, goes. */
export async function makeHostnameRoom(
  deps: ApiDeps,
  zone: Zone,
  { hostname, pinned }: { readonly hostname: string; readonly pinned: FixtureZone },
): Promise<void> {
  const id = await findHostname(deps.pool, zone.id, hostname.toLowerCase().slice(0, 255));
  if (id === undefined || pinned.custom_hostnames?.some((one) => one.id === id)) return;
  await deleteCustomHostname(deps, { zone, id, by: OPERATOR });
}
