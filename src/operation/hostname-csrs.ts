/** Requests of ours whose keys certificates of custom hostnames have. */
import { X509Certificate } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import type { PackZone } from '../pack/pack.ts';
import { findCsrs } from '../store/custom-csrs.ts';
import type { Pool } from '../store/store.ts';
import type { Upload } from '../upload/upload.ts';
import { publicKeyHash } from './create-csr.ts';
import { csrKeyFor } from './csr-key.ts';
import type { GivenPair } from './hostname-certificates.ts';
import type { UploadedSsl } from './hostname-packs.ts';

type Deps = { readonly pool: Pool; readonly seal: Seal };

/** Certificates with the keys of the requests that they were made of, where they came without any. Throws `ssl_csr_not_found`. */
export const withKeys = (
  deps: Deps,
  zone: PackZone,
  pairs: readonly GivenPair[],
): Promise<readonly GivenPair[]> => Promise.all(pairs.map((pair) => withKey(deps, zone, pair)));

async function withKey(deps: Deps, zone: PackZone, pair: GivenPair): Promise<GivenPair> {
  const { certificate, key, csrId } = pair;
  if (key !== undefined) return pair;
  try {
    const found = await csrKeyFor(deps, zone, { certificate, csrId, restriction: undefined });
    return { ...pair, key: found?.privateKey, isKept: true };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.fault === 'csr_not_found')
      throw new Fault('ssl_csr_not_found', error.message, { pointer: '/ssl/custom_csr_id' });
    // What is wrong with the certificate is told by whoever reads it, in the codes of custom hostnames.
    if (error.fault === 'invalid_certificate') return pair;
    throw error;
  }
}

/**
 * Certificates as they are stored, with the requests whose keys they have, however these came: with the certificate, or from the pack
 * before it. Looked up before a zone is locked, as requests are their account's.
 */
export async function asUploaded(
  { pool }: Pick<Deps, 'pool'>,
  { id: zoneId, accountId }: PackZone,
  { uploads, pairs }: { readonly uploads: readonly Upload[]; readonly pairs: readonly GivenPair[] },
): Promise<UploadedSsl> {
  const keys = uploads.map(({ sent }) => publicKeyHash(new X509Certificate(sent).publicKey));
  const isOurs = pairs.some(({ isKept }) => isKept);
  const csrs = isOurs ? await findCsrs(pool, { accountId, zoneId }, keys) : [];
  return { kind: 'uploaded', uploads, csrIds: csrs.map(({ id }) => id).toSorted() };
}
