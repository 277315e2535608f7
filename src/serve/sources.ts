import type { PauseStore } from '../acme/pauses.ts';
import type { CaAccount, CaAccounts } from '../ca/kept-accounts.ts';
import type { OwnName, OwnRecord, ResponderSource } from '../dns/dns.ts';
import type { PullSource, ServedKeyPair } from '../edge/edge.ts';
import { keyPlaceOf } from '../key/key.ts';
import { accountPurpose } from '../key/purpose.ts';
import { BatchLoader } from '../kit/batch-loader.ts';
import type { Clock } from '../kit/clock.ts';
import type { Seal } from '../kit/seal.ts';
import { isWildcard } from '../pack/hosts.ts';
import type { Algorithm } from '../pack/pack.ts';
import { lifeOf, rdataOf } from '../record/rdata.ts';
import { beginCaAccount, getCaAccount, putCaAccount } from '../store/ca-accounts.ts';
import { listEndpointPauses, pauseEndpoint } from '../store/ca-limits.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { listNames } from '../store/packs.ts';
import type { NameAsked, NamedRecord, Published } from '../store/published-names.ts';
import { published } from '../store/published-names.ts';
import { getFile, suffixesOf } from '../store/published-records.ts';
import { getServing } from '../store/served-hosts.ts';
import type { Pool } from '../store/store.ts';
import { beaconName } from './installation.ts';

/** What the rooms beside the store are given of it: sealed keys are opened here, on their way to their user. */
interface SourceDeps {
  readonly pool: Pool;
  readonly seal: Seal;
  readonly clock: Clock;
}

/** Certificates and opened keys, for edges that pull. */
export const pullSource = ({ pool, seal }: SourceDeps): PullSource => ({
  async packFor(name, environment) {
    const pack = await getServing(pool, name, environment);
    if (!pack) return undefined;
    const certificates: Partial<Record<Algorithm, ServedKeyPair>> = {};
    for (const { algorithm, chain, sealedKey } of await listKeyPairs(pool, pack)) {
      certificates[algorithm] = {
        chain,
        key: keyPlaceOf(pack.type).open({ seal }, { pack, algorithm }, sealedKey),
      };
    }
    return { packId: pack.id, hosts: await listNames(pool, pack), certificates };
  },
  fileFor: (name, path) => getFile(pool, name, path),
});

/** What our DNS responder answers from: zones of type `full`, and the delegation zone, with what the installation tells of itself. */
export const responderSource = (pool: Pool, delegationZone: string, beacon: string): ResponderSource => {
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
      const isDelegated = delegationZone !== '' && suffixes.includes(delegationZone);
      const found = await names.load({ name, suffixes, isDelegated });
      // The delegation zone is nobody's: whoever has a zone around it has no records in it.
      if (isDelegated) return { zone: delegationZone, txt: found.txt, hasBelow: found.hasBelow };
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
