/** A new order, in as many ways as it takes: what it asks for beside names may be what a CA refuses. */
import { X509Certificate } from 'node:crypto';
import type { Account } from '../acme/account.ts';
import type { Order } from '../acme/acme.ts';
import type { NewOrder } from '../acme/client.ts';
import { errorStatusOf, problemName, problemOf } from '../acme/problem.ts';
import { after, days, type Seconds } from '../kit/time.ts';
import type { AcmeDirectory } from './acme-directory.ts';

/** What is wanted, and the certificate in PEM in whose place it comes. */
export interface PlaceAsk {
  readonly wanted: NewOrder;
  readonly replaces: string | undefined;
}

/**
 * Places an order. To a CA that has renewal information it says which certificate it replaces (RFC 9773 5); where that is
 * refused, for whatever reason, it is placed as any other. Where its end of validity may be what is refused, it is placed without.
 */
export async function place(
  directory: AcmeDirectory,
  account: Account,
  { wanted, replaces }: PlaceAsk,
  signal: AbortSignal,
): Promise<Order> {
  const { client } = directory;
  const { renewalInfo } = await client.directory(signal);
  const certificate =
    replaces === undefined || renewalInfo === undefined ? undefined : new X509Certificate(replaces);
  if (!certificate) return placePlain(directory, account, wanted, signal);
  try {
    return await client.newOrder(account, { ...allowed(directory, wanted), replaces: certificate }, signal);
  } catch (error) {
    if (errorStatusOf(error) === undefined) throw error;
    return placePlain(directory, account, wanted, signal);
  }
}

async function placePlain(
  directory: AcmeDirectory,
  account: Account,
  wanted: NewOrder,
  signal: AbortSignal,
): Promise<Order> {
  const { client, learned } = directory;
  const asked = allowed(directory, wanted);
  try {
    const order = await client.newOrder(account, asked, signal);
    learned.refusals = 0;
    return order;
  } catch (error) {
    if (errorStatusOf(error) !== undefined) learned.refusals += 1;
    if (!asked.notAfter || !mayBeOfNotAfter(error, learned.refusals)) throw error;
    const order = await client.newOrder(account, withoutEnd(asked), signal).catch(() => undefined);
    if (!order) throw error;
    learn(directory, error);
    return order;
  }
}

/** How long orders go without an end of validity once one went through without: whatever was refused may have been another thing. */
const BELIEVED: Seconds = days(1);

function learn({ learned, clock, log, row }: AcmeDirectory, error: unknown): void {
  learned.refusals = 0;
  learned.withoutEndUntil = after(clock.now(), BELIEVED);
  const hint = `set sends_not_after = false in [ca.${row.name}]`;
  log?.warn({ ca: row.name, err: error }, `the CA takes no order with an end of validity: ${hint}`);
}

/** What the CA is known to take of it. */
const allowed = ({ learned, clock }: AcmeDirectory, wanted: NewOrder): NewOrder =>
  learned.withoutEndUntil > clock.now() ? withoutEnd(wanted) : wanted;

const withoutEnd = ({ notAfter: _notAfter, ...rest }: NewOrder): NewOrder => rest;

/** Types of problems that are about something else than the end of validity, unless their words say otherwise. */
const OF_OTHER: readonly string[] = [
  'accountDoesNotExist',
  'badNonce',
  'badPublicKey',
  'badSignatureAlgorithm',
  'caa',
  'connection',
  'dns',
  'externalAccountRequired',
  'invalidContact',
  'invalidProfile',
  'rateLimited',
  'rejectedIdentifier',
  'serverInternal',
  'tls',
  'unauthorized',
  'unsupportedContact',
  'unsupportedIdentifier',
  'userActionRequired',
];

/** Refusals in a row after which it may be the end of validity, though nothing says so. */
const TELLING = 3;

function mayBeOfNotAfter(error: unknown, refusals: number): boolean {
  const status = errorStatusOf(error);
  if (status === undefined) return false;
  const problem = problemOf(error);
  if (problem && /not ?-?(?:after|before)|validity|lifetime/i.test(problem.detail)) return true;
  const isOfOther = problem !== undefined && OF_OTHER.includes(problemName(problem));
  return !isOfOther && status < 500 && status !== 429 && refusals >= TELLING;
}
