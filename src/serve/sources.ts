import type { CaAccount, CaAccounts } from '../ca/ca.ts';
import type { ResponderSource } from '../dns/dns.ts';
import type { PullSource, ServedKeyPair } from '../edge/edge.ts';
import { keyPlaceOf } from '../key/key.ts';
import { accountPurpose } from '../key/purpose.ts';
import { BatchLoader } from '../kit/batch-loader.ts';
import type { Clock } from '../kit/clock.ts';
import type { Seal } from '../kit/seal.ts';
import type { Algorithm } from '../pack/pack.ts';
import { getCaAccount, putCaAccount } from '../store/ca-accounts.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { listNames } from '../store/packs.ts';
import { getFile, type NameAsked, type Published, published } from '../store/published-records.ts';
import { getServing } from '../store/served-hosts.ts';
import type { Pool } from '../store/store.ts';
import { suffixesOf } from '../store/zones.ts';

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

/** What our DNS responder answers from: zones of type `full`, and the delegation zone. */
export const responderSource = (pool: Pool, delegationZone: string): ResponderSource => {
  const names = new BatchLoader<NameAsked, Published>({
    read: (asked) => published(pool, asked),
    keyOf: ({ name }) => name,
    atOnce: 2,
  });
  return {
    async lookUp(name) {
      const suffixes = suffixesOf(name);
      const isDelegated = delegationZone !== '' && suffixes.includes(delegationZone);
      const { zone, ...shown } = await names.load({ name, suffixes });
      const own = isDelegated ? delegationZone : zone;
      return own === undefined ? undefined : { zone: own, ...shown };
    },
  };
};

/** Accounts at CAs, their keys sealed. */
export const caAccounts = ({ pool, seal, clock }: SourceDeps): CaAccounts => {
  const get = async (ca: string, directoryUrl: string): Promise<CaAccount | undefined> => {
    const stored = await getCaAccount(pool, ca, directoryUrl);
    return (
      stored && {
        url: stored.url,
        key: seal.open(stored.sealedKey, accountPurpose(ca, directoryUrl)).toString(),
      }
    );
  };
  return {
    get,
    async save(ca, directoryUrl, { url, key }) {
      const sealedKey = seal.close(Buffer.from(key), accountPurpose(ca, directoryUrl));
      await putCaAccount(pool, { ca, directoryUrl }, { url, sealedKey }, clock.now());
      return (await get(ca, directoryUrl)) ?? { url, key };
    },
  };
};
