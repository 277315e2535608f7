/**
 * Whose names are whose, as far as the operator says it. A name is related to another that is the same, above or below:
 * whoever answers for the DNS of the one above can show control of the one below.
 */
import { getDomain, getPublicSuffix } from 'tldts';
import type { Seconds } from '../kit/time.ts';

/** A name that is not for everybody. */
export interface OwnedName {
  /** In A-labels. */
  readonly name: string;
  /** Id of the account that has it; undefined: the operator's accounts. */
  readonly accountId?: string | undefined;
}

/** Which names are not free, and for whom. */
export interface NamePolicy {
  /** Names of the operator's own, and of accounts that it does something for. */
  readonly owned: readonly OwnedName[];
  /** Ids of the operator's accounts; none: the account that was made first. */
  readonly operatorAccounts: readonly string[];
  /** Ids of accounts that may have public suffixes of the list's private part. */
  readonly suffixAccounts: readonly string[];
  /** How long a name rests after an account gave it up, before another can have it. */
  readonly rest: Seconds;
}

/** Nothing is kept for anybody, and nothing rests. */
export const FREE_NAMES: NamePolicy = { owned: [], operatorAccounts: [], suffixAccounts: [], rest: 0 };

/** Whether two names are the same, or one is above the other. */
export const isRelated = (a: string, b: string): boolean =>
  a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);

/** The domain that somebody registered, of a name in it; the name itself where there is none. */
export const registeredDomain = (name: string): string => getDomain(name) ?? name;

/** Whether names below this one are of many owners by the private part of the list of public suffixes (publicsuffix.org). */
export const isPrivateSuffix = (name: string): boolean =>
  getPublicSuffix(name, { allowPrivateDomains: true }) === name && getPublicSuffix(name) !== name;

/** Whether an account is one of the operator's. `first` is the account that was made first. */
export const isOperator = (
  { operatorAccounts }: Pick<NamePolicy, 'operatorAccounts'>,
  accountId: string,
  first: string | undefined,
): boolean => (operatorAccounts.length > 0 ? operatorAccounts.includes(accountId) : accountId === first);

/** Whether a name, in A-labels and without wildcard, is related to one that is kept for another account. */
export const isKeptFor = (
  policy: NamePolicy,
  name: string,
  { accountId, first }: { readonly accountId: string; readonly first: string | undefined },
): boolean =>
  policy.owned.some(
    (owned) =>
      isRelated(owned.name, name) &&
      (owned.accountId === undefined ? !isOperator(policy, accountId, first) : owned.accountId !== accountId),
  );
