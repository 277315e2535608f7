/** Renewal information of CAs that have it (RFC 9773). */
import { X509Certificate } from 'node:crypto';
import type { AcmeDirectory } from './acme-directory.ts';
import type { RenewalWindow } from './ca.ts';

/** When the CA wants the leaf of a chain to be renewed; undefined where it does not say. */
export async function renewalWindow(
  { client }: AcmeDirectory,
  { chain }: { readonly chain: string },
  signal: AbortSignal,
): Promise<RenewalWindow | undefined> {
  const info = await client.renewalInfo(new X509Certificate(chain), signal);
  if (!info) return undefined;
  const { suggestedWindow, explanationUrl, retryAfter } = info;
  return {
    ...suggestedWindow,
    ...(explanationUrl !== undefined && { explanationUrl }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}
