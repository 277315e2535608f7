/** A world of several regions, with an edge in each and the private key of each beside its edge alone. */
import assert from 'node:assert/strict';
import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { parseLeaf } from '../../src/ca/leaf.ts';
import type { EdgeRow } from '../../src/edge/edge.ts';
import { type Region, RegionKeys } from '../../src/key/region-key.ts';
import { newKeyPair, rawPublicKey } from '../../src/kit/hpke.ts';
import { createUpload } from '../../src/operation/create-upload.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import type { PackZone } from '../../src/pack/pack.ts';
import { type Location, REGION_CODES, type Restriction } from '../../src/pack/region.ts';
import { pullSource } from '../../src/serve/sources.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { edgeNamed, type TestJobDeps } from './job-deps.ts';
import type { givenCa } from './uploads.ts';

/** A place in all of these regions. */
export const at = (codes: string, country?: string, isHighestSecurity = false): Location => ({
  regions: REGION_CODES.filter((code) => codes.split(' ').includes(code)),
  country,
  isHighestSecurity,
});
/** Places of the world, each with a region of its own. */
export const PLACES: Readonly<Record<string, Location>> = {
  us: at('ENAM', 'US', true),
  ca: at('ENAM', 'CA'),
  de: at('EU WEUR', 'DE', true),
  fr: at('EU WEUR', 'FR'),
  pl: at('EU EEUR', 'PL'),
  gb: at('WEUR', 'GB'),
  jp: at('APAC', 'JP'),
  eu: at('EU'),
};
export const NAMES = Object.keys(PLACES);
const privateKeys: ReadonlyMap<string, KeyObject> = new Map(NAMES.map((name) => [name, newKeyPair()]));
/** The private key of a region. */
export const keyOf = (name: string) => privateKeys.get(name) ?? assert.fail(name);
export const regions: Region[] = NAMES.map((name) => ({
  name,
  location: PLACES[name] ?? assert.fail(),
  publicKey: rawPublicKey(keyOf(name)),
}));

/** An edge at a place, beside a process that has the private key of its region; `nowhere` is not told where it is. */
export const edgeAt = (place: string): EdgeRow => ({
  ...edgeNamed(`edge-${place}`),
  location: PLACES[place],
});
const placeOf = ({ name }: { readonly name: string }) => name.slice('edge-'.length);
/** The private keys of a process at a place. */
export const keysAt = (place: string): RegionKeys =>
  new RegionKeys(privateKeys.has(place) ? [keyOf(place)] : []);

/** The private keys of all places, as a process has that serves edges of many. */
export const allKeys = new RegionKeys([...privateKeys.values()]);

/** Edges that serve what is stored, each beside a process of its place, unless told. */
export function pullingAt(plain: TestJobDeps, edges: readonly EdgeRow[], keysOf = keysAt): TestJobDeps {
  return {
    ...plain,
    edges,
    showLeaf: async (edge, { name, algorithm }) => {
      const source = pullSource({ ...plain, edges, regionKeys: keysOf(placeOf(edge)) });
      const pair = (await source.packFor(name, 'production', 'name', edge.name))?.certificates[algorithm];
      if (!pair) return undefined;
      assert(new X509Certificate(pair.chain).checkPrivateKey(createPrivateKey(pair.key)));
      const { fingerprint, notAfter, hosts } = parseLeaf(pair.chain);
      return { fingerprint, subject: '', issuer: '', notAfter, hosts, protocol: 'TLSv1.3' };
    },
  };
}

const by = OPERATOR;

/** A request of its own each time. */
export const asked = (zone: PackZone) => ({
  request: { zoneId: zone.id, bodyHash: randomBytes(32) },
  isRetry: false,
});

/** Uploads a certificate of a CA for a zone's apex, its key restricted: id of the pack, what was sent, and the leaf. */
export async function uploadKept(
  deps: TestJobDeps,
  ca: Awaited<ReturnType<typeof givenCa>>,
  zone: PackZone,
  restriction: Restriction | undefined,
) {
  const made = await ca.issue([zone.name], { days: 90 });
  const { certificate, private_key: privateKey } = made;
  const given = { certificate, privateKey, bundleMethod: 'ubiquitous' } as const;
  const kind = { type: 'sni_custom', environment: 'production' } as const;
  const { id } = await createUpload(
    { ...deps, trust: ca.trust, quotas: NO_QUOTAS, regions },
    { zone, given, ...kind, restriction, by, ...asked(zone) },
  );
  return { id, made, leaf: parseLeaf(made.leaf.trim()).fingerprint };
}

/** The leaf that the edge of a place shows; undefined: none. */
export const shownAt = async (deps: TestJobDeps, place: string, name: string): Promise<string | undefined> =>
  (await deps.showLeaf(edgeAt(place), { name, algorithm: 'ecdsa' }, AbortSignal.timeout(5_000)))?.fingerprint;
