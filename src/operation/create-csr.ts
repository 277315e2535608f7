import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { createCsr as createRequest } from '../ca/csr.ts';
import type { KeyPool } from '../key/key-pool.ts';
import { csrPurpose } from '../key/purpose.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import type { Seal } from '../kit/seal.ts';
import { after } from '../kit/time.ts';
import { type CsrTerms, checkReserved, MOST_CSRS } from '../pack/custom-csr.ts';
import { withoutWildcard } from '../pack/hosts.ts';
import type { KeyedRequest } from '../store/account-requests.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import {
  type CsrOwner,
  type CustomCsr,
  countCsrs,
  findSameCsr,
  getCsr,
  insertCsr,
  listOwnNames,
  type SealedCsr,
} from '../store/custom-csrs.ts';
import { lockAccount } from '../store/quotas.ts';
import { type Tx, transaction } from '../store/store.ts';
import { holdZone } from '../store/zones.ts';
import { toPem } from '../upload/pem.ts';
import { csrEvent } from './csr-event.ts';
import { onceByKey } from './once-by-key.ts';
import type { OperationDeps } from './operation.ts';
import { RETRY_WINDOW } from './repeated.ts';

/** What making a request needs. */
export interface CsrDeps extends Pick<OperationDeps, 'pool' | 'clock'> {
  readonly seal: Seal;
  readonly keys: Pick<KeyPool, 'take'>;
}

/** A request that somebody asks for. */
export interface CsrAsk extends CsrOwner {
  readonly terms: CsrTerms;
  readonly by: Actor;
  /** By which its repetition is known; undefined: it has no Idempotency-Key. */
  readonly request?: KeyedRequest | undefined;
  /** Whether the client says that it tries again. */
  readonly isRetry?: boolean | undefined;
  /** Where it is not to be a random one. */
  readonly id?: string | undefined;
}

/**
 * Makes a key and a request for it; the key stays here, sealed. The one that the first request made, where this one repeats it. Throws
 * `csr_name_reserved`, `csr_name_example`, `csrs_reached`, `key_reused`, or `zone_not_found` where the zone went meanwhile.
 */
export async function createCsr(deps: CsrDeps, ask: CsrAsk): Promise<CustomCsr> {
  const { pool, clock } = deps;
  const { accountId, zoneId, by } = ask;
  const own = await listOwnNames(pool, accountId, ask.terms.sans.map(withoutWildcard));
  checkReserved(ask.terms.sans, (name) => own.has(name));
  const sealed = await makeRequest(deps, ask);
  return transaction(pool, async (tx) => {
    if (zoneId !== undefined) await holdZone(tx, zoneId);
    await lockAccount(tx, accountId);
    const make = async (): Promise<CustomCsr> => {
      const same = await tried(tx, ask, clock.now());
      if (same) return same;
      if ((await countCsrs(tx, accountId)) >= MOST_CSRS)
        throw new Fault('csrs_reached', `this account may have ${MOST_CSRS} custom CSRs; delete some first`);
      await insertCsr(tx, sealed);
      await recordAudit(tx, csrEvent('create', sealed, by), sealed.createdOn);
      return sealed;
    };
    const find = ([id = '']: readonly string[]) => getCsr(tx, { accountId, id });
    return onceByKey(tx, ask.request, clock.now(), { make, find, idsOf: ({ id }) => [id] });
  });
}

/** The one that a try before this one made, where the client says that there was one and has no key for it. */
const tried = async (
  tx: Tx,
  { request, isRetry, ...ask }: CsrAsk,
  now: Date,
): Promise<CustomCsr | undefined> =>
  isRetry && !request ? findSameCsr(tx, ask, ask.terms, after(now, -RETRY_WINDOW)) : undefined;

async function makeRequest(
  { clock, seal, keys }: CsrDeps,
  { accountId, zoneId, terms, id = newUuid() }: CsrAsk,
): Promise<SealedCsr> {
  const key = await keys.take(terms.keyType === 'rsa2048' ? 'rsa' : 'ecdsa');
  const pem = key.export({ type: 'pkcs8', format: 'pem' });
  return {
    ...terms,
    id,
    accountId,
    zoneId,
    createdOn: clock.now(),
    csr: toPem('CERTIFICATE REQUEST', await createRequest(key, terms.sans, { subject: terms.subject })),
    publicKey: publicKeyHash(createPublicKey(key)),
    sealedKey: seal.close(Buffer.from(pem), csrPurpose(accountId, id)),
  };
}

/** Lower-case hexadecimal SHA-256 of the SubjectPublicKeyInfo of a public key. */
export const publicKeyHash = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
