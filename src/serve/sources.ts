import type { PauseStore } from '../acme/pauses.ts';
import type { CaAccount, CaAccounts } from '../ca/kept-accounts.ts';
import type { OwnName, OwnRecord, ResponderSource } from '../dns/dns.ts';
import type { LiveEdge, PullSource, ServedKeyPair, ServedPack } from '../edge/edge.ts';
import { keyPlaceOf } from '../key/key.ts';
import { accountPurpose } from '../key/purpose.ts';
import { RegionKeys, regionPurpose } from '../key/region-key.ts';
import { BatchLoader } from '../kit/batch-loader.ts';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Seal } from '../kit/seal.ts';
import { isWildcard } from '../pack/hosts.ts';
import { ALGORITHMS, type Algorithm, type Pack, type PackKey } from '../pack/pack.ts';
import { byAddress, type Candidate, servingAt } from '../pack/priority.ts';
import { isOfHostname, TYPES } from '../pack/type.ts';
import { lifeOf, rdataOf } from '../record/rdata.ts';
import { beginCaAccount, getCaAccount, putCaAccount } from '../store/ca-accounts.ts';
import { listEndpointPauses, pauseEndpoint } from '../store/ca-limits.ts';
import { listKeyPairs, listKeyPairsOf, type ServedKeyPairs } from '../store/certificates.ts';
import { listNames } from '../store/packs.ts';
import type { NameAsked, NamedRecord, Published } from '../store/published-names.ts';
import { published } from '../store/published-names.ts';
import { getFile, suffixesOf } from '../store/published-records.ts';
import { listRegionKeys } from '../store/region-keys.ts';
import { listCandidates } from '../store/served-hosts.ts';
import type { Pool } from '../store/store.ts';
import { originOfPack } from './hostname-origin.ts';
import { tlsOfPacks } from './hostname-tls.ts';
import { beaconName } from './installation.ts';

/** What the rooms beside the store are given of it: sealed keys are opened here, on their way to their user. */
interface SourceDeps {
  readonly pool: Pool;
  readonly seal: Seal;
  readonly clock: Clock;
}

/** What edges that pull are served from. */
export interface PullDeps extends SourceDeps {
  readonly log: Log;
  /** The configured edges: where each is. None unless told. */
  readonly edges?: readonly Pick<LiveEdge, 'name' | 'location'>[] | undefined;
  /** The private keys of regions that this process has; none unless told. */
  readonly regionKeys?: RegionKeys | undefined;
}

/**
 * Certificates and opened keys, for edges that pull. What is restricted goes to edges that are surely where it may be, and from a
 * process that has the private key of such a region; elsewhere what comes next serves.
 */
export const pullSource = (deps: PullDeps): PullSource => {
  const { pool, log, edges = [] } = deps;
  return {
    async packFor(name, environment, by = 'name', edge?: string) {
      const location = edges.find((one) => one.name === edge)?.location;
      const all = await listCandidates(pool, name, environment);
      for (const one of servingAt(by === 'address' ? byAddress(all) : all, location)) {
        const pack = { id: one.packId, zone: one.zone };
        const certificates = await pairsOf(deps, one);
        if (certificates) return await packServed(pool, { ...pack, type: one.type }, certificates);
        log.warn(
          { pack: pack.id, edge },
          'an edge asked for a key of a region whose private key is not here',
        );
      }
      return undefined;
    },
    fileFor: (name, path) => getFile(pool, name, path),
  };
};

async function packServed(
  pool: Pool,
  pack: PackKey & Pick<Pack, 'type'>,
  certificates: KeyPairs,
): Promise<ServedPack> {
  const [hosts, all, origin] = await Promise.all([
    listNames(pool, pack),
    tlsOfPacks(pool, [pack]),
    isOfHostname(pack) ? originOfPack(pool, pack) : undefined,
  ]);
  const tls = all.get(pack.id);
  return { packId: pack.id, hosts, certificates, ...(tls && { tls }), ...(origin && { origin }) };
}

type KeyPairs = Partial<Record<Algorithm, ServedKeyPair>>;

/** A pack whose certificates are wanted. */
type PairsAsked = Pick<Candidate, 'packId' | 'type' | 'restriction'> & Pick<PackKey, 'zone'>;

/** Whether its keys are sealed to regions. */
const isRegional = ({ restriction, type }: PairsAsked): boolean =>
  restriction !== undefined && TYPES[type].key !== 'owner';

/**
 * The certificates of a pack with their keys opened; undefined where it is restricted, and none opens here. Of a keyless one it is
 * where the key is that is opened: that is no key, and sealed as what is not restricted.
 */
function pairsOf(deps: PullDeps, asked: PairsAsked): Promise<KeyPairs | undefined> {
  const { packId, zone, type } = asked;
  const pack = { id: packId, zone, type };
  return isRegional(asked)
    ? restrictedPairs(deps, deps.regionKeys ?? new RegionKeys([]), pack)
    : keyPairs(deps, pack);
}

/** As `pairsOf`, of many packs whose certificates are read together. */
export async function pairsOfMany(
  deps: PullDeps,
  candidates: readonly PairsAsked[],
): Promise<(one: PairsAsked) => Promise<KeyPairs | undefined>> {
  const toKey = ({ packId, zone, type }: PairsAsked) => ({ id: packId, zone, type });
  const plain = candidates.filter((one) => !isRegional(one));
  const stored = await listKeyPairsOf(deps.pool, plain.map(toKey));
  return async (one) =>
    isRegional(one) ? pairsOf(deps, one) : openedPairs(deps, toKey(one), stored.get(one.packId) ?? []);
}

const keyPairs = async (deps: SourceDeps, pack: PackKey & Pick<Pack, 'type'>): Promise<KeyPairs> =>
  openedPairs(deps, pack, await listKeyPairs(deps.pool, pack));

function openedPairs(
  { seal }: Pick<SourceDeps, 'seal'>,
  pack: PackKey & Pick<Pack, 'type'>,
  stored: ServedKeyPairs,
): KeyPairs {
  const pairs: KeyPairs = {};
  for (const { algorithm, chain, sealedKey } of stored)
    pairs[algorithm] = {
      chain,
      key: keyPlaceOf(pack.type).open({ seal }, { pack, algorithm }, sealedKey),
    };
  return pairs;
}

/** The same of a restricted pack; undefined where none of its keys opens here. */
async function restrictedPairs(
  { pool }: SourceDeps,
  regionKeys: RegionKeys,
  pack: PackKey,
): Promise<KeyPairs | undefined> {
  const stored = await listRegionKeys(pool, pack);
  const pairs: KeyPairs = {};
  for (const algorithm of ALGORITHMS) {
    const sealed = stored?.keys.filter((one) => one.algorithm === algorithm) ?? [];
    const key = stored && regionKeys.open(sealed, regionPurpose(stored.line, algorithm));
    if (sealed[0] && key !== undefined) pairs[algorithm] = { chain: sealed[0].chain, key };
  }
  return Object.keys(pairs).length > 0 ? pairs : undefined;
}

/**
 * What our DNS responder answers from: zones of type `full`, and zones of the operator's in which there is only what is published
 * for validation, '' for none: the delegation zone, which also tells of the installation, and the branding domain.
 */
export const responderSource = (
  pool: Pool,
  [delegationZone, brandingDomain]: readonly [delegationZone: string, brandingDomain: string],
  beacon: string,
): ResponderSource => {
  const ownZones = [delegationZone, brandingDomain].filter((zone) => zone !== '');
  const names = new BatchLoader<NameAsked, Published>({
    read: (asked) => published(pool, asked),
    keyOf: ({ name }) => name,
    atOnce: 2,
  });
  return {
    async lookUp(name) {
      if (delegationZone !== '' && name === beaconName(delegationZone))
        return { zone: delegationZone, txt: [beacon], hasBelow: false };
      const suffixes = suffixesOf(name);
      const own = suffixes.find((one) => ownZones.includes(one));
      const found = await names.load({ name, suffixes, isDelegated: own !== undefined });
      // These zones are nobody's: whoever has a zone around them has no records in them.
      if (own !== undefined) return { zone: own, txt: found.txt, hasBelow: found.hasBelow };
      if (found.zone === undefined) return undefined;
      const { nameServers } = found;
      // Nobody has shown control of it: it is there, and has nothing.
      if (!found.isHeld) return { zone: found.zone, nameServers, txt: [], hasBelow: false };
      return { ...ownName(name, found.zone, found), nameServers };
    },
  };
};

/** A name with the records that count for it. */
function ownName(name: string, zone: string, { txt, hasBelow, records, isUncovered }: Published): OwnName {
  const at = (owner: string) => records.filter((one) => one.name === owner).map(toOwn);
  const exact = at(name);
  const wildcard = records.find((one) => isWildcard(one.name) && one.name !== name)?.name;
  const isCovered = exact.length === 0 && !isUncovered && wildcard !== undefined;
  // Where a value is published for validation, it stands alone but for what is at that very name.
  const covering = isCovered ? at(wildcard).filter(({ type }) => type !== 'TXT' || txt.length === 0) : [];
  const cut = cutOf(records.filter((one) => one.type === 'NS' && one.name !== zone));
  return { zone, txt, hasBelow, records: [...exact, ...covering], cut };
}

/** NS records of the highest name that has some. */
function cutOf(records: readonly NamedRecord[]): OwnName['cut'] {
  const [highest] = records.map(({ name }) => name).toSorted((a, b) => a.length - b.length);
  if (highest === undefined) return undefined;
  return { name: highest, records: records.filter(({ name }) => name === highest).map(toOwn) };
}

const toOwn = (record: NamedRecord): OwnRecord => ({
  ...rdataOf(record),
  ttl: lifeOf(record),
  isProxied: record.isProxied,
});

/** Accounts at CAs, their keys sealed. */
const caAccounts = ({ pool, seal, clock }: SourceDeps): CaAccounts => {
  const get = async (ca: string, directoryUrl: string): Promise<CaAccount | undefined> => {
    const stored = await getCaAccount(pool, { ca, directoryUrl });
    if (!stored) return undefined;
    return { url: stored.url, key: seal.open(stored.sealedKey, accountPurpose(ca, directoryUrl)).toString() };
  };
  const sealed = (ca: string, directoryUrl: string, key: string): Buffer =>
    seal.close(Buffer.from(key), accountPurpose(ca, directoryUrl));
  return {
    get,
    async begin(ca, directoryUrl, key) {
      await beginCaAccount(pool, { ca, directoryUrl }, sealed(ca, directoryUrl, key), clock.now());
      return (await get(ca, directoryUrl)) ?? { key };
    },
    async settle(ca, directoryUrl, { url, key }) {
      const account = { url, sealedKey: sealed(ca, directoryUrl, key) };
      await putCaAccount(pool, { ca, directoryUrl }, account, clock.now());
    },
  };
};

/** Where a CA's wishes to be left alone are kept, for all processes. */
const caPauses =
  ({ pool, clock }: Pick<SourceDeps, 'pool' | 'clock'>) =>
  (ca: string, directoryUrl: string): PauseStore => ({
    read: () => listEndpointPauses(pool, { ca, directoryUrl }, clock.now()),
    put: (endpoint, until) => pauseEndpoint(pool, { ca, directoryUrl }, endpoint, until),
  });

/** What is kept of CAs for all processes. */
export const caStores = (deps: SourceDeps) => ({ accounts: caAccounts(deps), pauses: caPauses(deps) });
