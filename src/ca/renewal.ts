/** Renewal information of CAs that have it (RFC 9773). */
import { X509Certificate } from 'node:crypto';
import type { Account } from '../acme/account.ts';
import type { Order } from '../acme/acme.ts';
import type { NewOrder } from '../acme/client.ts';
import { isProblem, problemOf } from '../acme/problem.ts';
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

/**
 * Places an order that says which certificate it comes in the place of, at a CA that has renewal information (RFC 9773 5).
 * One that does not take it so, since another order did before or the account is another, takes it as any order.
 */
export async function placeInstead(
  { client }: AcmeDirectory,
  account: Account,
  { wanted, replaces }: { readonly wanted: NewOrder; readonly replaces: string | undefined },
  signal: AbortSignal,
): Promise<Order> {
  const { renewalInfo } = await client.directory(signal);
  if (replaces === undefined || renewalInfo === undefined) return client.newOrder(account, wanted, signal);
  try {
    return await client.newOrder(account, { ...wanted, replaces: new X509Certificate(replaces) }, signal);
  } catch (error) {
    const problem = problemOf(error);
    if (!problem || !NOT_SO.some((type) => isProblem(problem, type))) throw error;
    return client.newOrder(account, wanted, signal);
  }
}

/** How a CA refuses what an order is to replace, rather than the order. */
const NOT_SO = ['alreadyReplaced', 'malformed', 'unauthorized'] as const;
