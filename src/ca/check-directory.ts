/** What a CA's row comes to when it is tried: before an order depends on it. */

import type { AcmeDirectory } from './acme-directory.ts';
import type { CaReport } from './ca.ts';

/** Reads the directory and asks it for our account, or makes one. Throws in words for the operator what is wrong. */
export async function checkDirectory(
  { client, row, account, isRsaDirectory }: AcmeDirectory,
  signal: AbortSignal,
): Promise<CaReport> {
  const { meta, renewalInfo, revokeCert, keyChange } = await client.directory(signal);
  const found = await account.confirm(signal);
  return {
    directoryUrl: isRsaDirectory ? (row.rsaDirectoryUrl ?? row.directoryUrl) : row.directoryUrl,
    accountUrl: found.account.url,
    account: found.how,
    terms: meta.termsOfService,
    profiles: Object.keys(meta.profiles ?? {}),
    caaIdentities: row.caaIdentities ?? meta.caaIdentities ?? [],
    hasRenewalInfo: renewalInfo !== undefined,
    canRevoke: revokeCert !== undefined,
    canChangeKey: keyChange !== undefined,
  };
}
