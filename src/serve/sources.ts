import type { PauseStore } from '../acme/pauses.ts';
import type { CaAccount, CaAccounts } from '../ca/ca.ts';
import type { ResponderSource } from '../dns/dns.ts';
import type { PullSource, ServedKeyPair } from '../edge/edge.ts';
import { keyPlaceOf } from '../key/key.ts';
import { accountPurpose } from '../key/purpose.ts';
import { BatchLoader } from '../kit/batch-loader.ts';
import type { Clock } from '../kit/clock.ts';
import type { Seal } from '../kit/seal.ts';
import type { Algorithm } from '../pack/pack.ts';
import { beginCaAccount, getCaAccount, putCaAccount } from '../store/ca-accounts.ts';
import { listEndpointPauses, pauseEndpoint } from '../store/ca-limits.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { listNames } from '../store/packs.ts';
import { getFile, type NameAsked, type Published, published } from '../store/published-records.ts';
import { getServing } from '../store/served-hosts.ts';
import type { Pool } from '../store/store.ts';
import { suffixesOf } from '../store/zones.ts';
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
      const { zone, ...shown } = await names.load({ name, suffixes });
      const own = isDelegated ? delegationZone : zone;
      return own === undefined ? undefined : { zone: own, ...shown };
    },
  };
};

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
