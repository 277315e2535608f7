/** The keys of requests of ours, found by whoever uploads what a CA made of them. */
import { csrPurpose } from '../key/purpose.ts';
import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import type { PackZone } from '../pack/pack.ts';
import type { Restriction } from '../pack/region.ts';
import { findCsrs, getCsr, type SealedCsr } from '../store/custom-csrs.ts';
import type { Pool } from '../store/store.ts';
import { readCertificates } from '../upload/certificates.ts';
import { publicKeyHash } from './create-csr.ts';
import { csrNotFound } from './csr-event.ts';

/** A key that was made here. */
export interface CsrKeyFound {
  readonly csrId: string;
  /** PKCS#8 in PEM. */
  readonly privateKey: string;
}

/** For what a key is wanted. */
interface WantedKey {
  readonly certificate: string;
  /** Undefined: by the certificate. */
  readonly csrId: string | undefined;
  readonly restriction: Restriction | undefined;
}

/**
 * The key of a request that a zone may use: the one that is named, else that of a certificate which came; undefined where none is
 * its. Throws `csr_not_found`, with a pointer, `invalid_certificate`, and `not_offered` for one that is to be restricted: it was made
 * without.
 */
export async function csrKeyFor(
  { pool, seal }: { readonly pool: Pool; readonly seal: Seal },
  { id: zoneId, accountId }: Pick<PackZone, 'id' | 'accountId'>,
  { certificate, csrId, restriction }: WantedKey,
): Promise<CsrKeyFound | undefined> {
  const found = await find(pool, { accountId, zoneId }, { certificate, csrId });
  if (!found) return undefined;
  if (restriction)
    throw new Fault(
      'not_offered',
      `the key of custom CSR ${found.id} was made, and is kept, without a restriction; upload a certificate of a key of your own`,
      { pointer: 'label' in restriction ? '/geo_restrictions' : '/policy' },
    );
  const privateKey = seal.open(found.sealedKey, csrPurpose(accountId, found.id)).toString();
  return { csrId: found.id, privateKey };
}

async function find(
  pool: Pool,
  owner: { readonly accountId: string; readonly zoneId: string },
  { certificate, csrId }: Omit<WantedKey, 'restriction'>,
): Promise<SealedCsr | undefined> {
  if (csrId === undefined) {
    const keys = readCertificates(certificate).map(({ publicKey }) => publicKeyHash(publicKey));
    return (await findCsrs(pool, owner, keys))[0];
  }
  const found = await getCsr(pool, { accountId: owner.accountId, id: csrId });
  if (found && (found.zoneId === undefined || found.zoneId === owner.zoneId)) return found;
  throw csrNotFound(csrId, '/custom_csr_id');
}

/** Throws `malformed_request` where a request is named beside a key that came: which of them is meant cannot be told. */
export function demandOneKey(csrId: string | undefined, isKeySent: boolean): void {
  if (csrId === undefined || !isKeySent) return;
  throw new Fault(
    'malformed_request',
    'custom_csr_id and a private key cannot both be: the key of a custom CSR is kept here; leave one of them out',
    { pointer: '/custom_csr_id' },
  );
}
