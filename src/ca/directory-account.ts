/**
 * Our account at a directory of a CA (RFC 8555 7.3). Its key is kept before the CA hears of it, so that whatever becomes of the
 * answer the same key finds the account again (7.3.1): a binding that works once is not lost with it.
 */
import type { KeyObject } from 'node:crypto';
import {
  type Account,
  type AccountAlgorithm,
  exportAccountKey,
  importAccountKey,
  newAccountKey,
} from '../acme/account.ts';
import type { AcmeClient } from '../acme/client.ts';
import { Lazy } from '../acme/lazy.ts';
import { errorStatusOf, isProblem, problemOf } from '../acme/problem.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { between } from '../kit/time.ts';
import type { CaReport, CaRow } from './ca.ts';
import type { CaAccount, CaAccounts } from './kept-accounts.ts';
import { PATIENCE } from './patience.ts';

/** What an account is made with, and where it is kept. */
export interface AccountPlace {
  readonly row: CaRow;
  readonly directoryUrl: string;
  readonly client: AcmeClient;
  readonly accounts: CaAccounts;
  readonly clock: Clock;
  readonly log?: Pick<Log, 'info' | 'warn'> | undefined;
}

/** Longest time for getting an account, in milliseconds: several exchanges. */
const ACCOUNT_LIMIT_MS = 90_000;

/** An account, and how it was come by. */
interface Found {
  readonly account: Account;
  readonly how: CaReport['account'];
}

/** Our account at one directory. Nothing is asked of the CA before it is wanted. */
export class DirectoryAccount {
  readonly #place: AccountPlace;
  readonly #lazy: Lazy<Account>;
  /** Since when the CA refuses as one does that does not know who asks. */
  #doubtedSince: Date | undefined;

  constructor(place: AccountPlace) {
    this.#place = place;
    this.#lazy = new Lazy(async () => (await this.#open(this.#isLost())).account);
  }

  /** The account, made where there is none. Throws `configuration` where the operator has to do something for it. */
  get(signal: AbortSignal): Promise<Account> {
    return this.#lazy.get(signal);
  }

  /** The same, once the CA has said that it knows it; made anew where it does not. */
  async confirm(signal: AbortSignal): Promise<Found> {
    const found = await this.#open(true);
    this.#lazy.forget();
    await this.#lazy.get(signal);
    return found;
  }

  /** Whether the CA knows the account that is kept, in whatever words it says that it does not; nothing is made. */
  async isKnown(signal: AbortSignal): Promise<boolean> {
    const { row, directoryUrl, accounts, client } = this.#place;
    const kept = await accounts.get(row.name, directoryUrl);
    if (!kept) return false;
    return (await client.findAccount(importAccountKey(kept.key), signal)) !== undefined;
  }

  /** The CA took a request that the account signed. */
  trust(): void {
    this.#doubtedSince = undefined;
  }

  /**
   * Takes note of a refusal that can mean that the CA forgot the account: what says so itself, and, as some say it in other
   * words, each of a new order. Where nothing but that comes for a while, the CA is asked for the account before the next use.
   */
  doubt(error: unknown, isOfOrder: boolean): void {
    const problem = problemOf(error);
    const isUnknown = problem !== undefined && isProblem(problem, 'accountDoesNotExist');
    const status = errorStatusOf(error) ?? 0;
    if (!isUnknown && !(isOfOrder && status >= 400 && ![429, 503].includes(status))) return;
    this.#doubtedSince ??= this.#place.clock.now();
    // Another process, or the operator, may have put another one in its place.
    if (isUnknown || this.#isLost()) this.#lazy.forget();
  }

  #isLost(): boolean {
    const since = this.#doubtedSince;
    return since !== undefined && between(since, this.#place.clock.now()) >= PATIENCE;
  }

  async #open(isDoubted: boolean): Promise<Found> {
    const { row, directoryUrl, accounts } = this.#place;
    const kept = await accounts.get(row.name, directoryUrl);
    if (kept?.url !== undefined) {
      const account = toAccount(kept.url, kept.key);
      return isDoubted ? this.#reopen(account) : { account, how: 'known' };
    }
    const own = exportAccountKey(newAccountKey(algorithmOf(row)));
    const begun = kept ?? (await accounts.begin(row.name, directoryUrl, own));
    if (begun.url !== undefined) return { account: toAccount(begun.url, begun.key), how: 'known' };
    return { account: await this.#make(begun, begun.key === own), how: 'new' };
  }

  /** The account as the CA has it now. */
  async #reopen(account: Account): Promise<Found> {
    const { client, row, directoryUrl, log } = this.#place;
    const about = { ca: row.name, directory: directoryUrl, was: account.url };
    const url = await client.findAccount(account.key, AbortSignal.timeout(ACCOUNT_LIMIT_MS));
    this.#doubtedSince = undefined;
    if (url === account.url) return { account, how: 'known' };
    if (url !== undefined) {
      log?.warn({ ...about, account: url }, 'the CA has our account by another URL');
      return { account: await this.#settle(url, account.key), how: 'known' };
    }
    const made = await this.#register(account.key).catch((error: unknown) => {
      throw lost(row, account.url, error);
    });
    log?.warn({ ...about, account: made }, 'the CA no longer knew our account; it was made anew');
    return { account: await this.#settle(made, account.key), how: 'made anew' };
  }

  /** The account of a key that is kept; one that was kept before may have it already. */
  async #make({ key: pem }: CaAccount, isFresh: boolean): Promise<Account> {
    const { client, row, directoryUrl, accounts, log } = this.#place;
    const key = importAccountKey(pem);
    const signal = AbortSignal.timeout(ACCOUNT_LIMIT_MS);
    try {
      const known = isFresh ? undefined : await client.findAccount(key, signal);
      const url = known ?? (await this.#register(key));
      log?.info({ ca: row.name, directory: directoryUrl, account: url }, 'account at CA');
      return await this.#settle(url, key);
    } catch (error) {
      // Another process may have been first, with the same key or another.
      const other = await accounts.get(row.name, directoryUrl);
      if (other?.url !== undefined) return toAccount(other.url, other.key);
      throw error;
    }
  }

  /** URL of a new account for a key; of the one that it has, where a refusal does not say that there is none. */
  async #register(key: KeyObject): Promise<string> {
    const { client, row } = this.#place;
    const { contact, hasAgreedToTerms, eab } = row;
    const signal = AbortSignal.timeout(ACCOUNT_LIMIT_MS);
    try {
      return await client.newAccount(key, { contact, hasAgreedToTerms, ...(eab && { eab }) }, signal);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.fault === 'configuration') throw withOptions(row, error);
      const found =
        error.fault === 'ca_unreachable' ? undefined : await client.findAccount(key, signal).catch(none);
      if (found !== undefined) return found;
      throw error;
    }
  }

  async #settle(url: string, key: KeyObject): Promise<Account> {
    const { row, directoryUrl, accounts } = this.#place;
    await accounts.settle(row.name, directoryUrl, { url, key: exportAccountKey(key) });
    return { url, key };
  }
}

const none = (): undefined => undefined;

const algorithmOf = ({ isRsaAccount = false }: CaRow): AccountAlgorithm => (isRsaAccount ? 'RS256' : 'ES256');

const toAccount = (url: string, key: string): Account => ({ url, key: importAccountKey(key) });

function withOptions({ name }: CaRow, error: Fault): Fault {
  const options = 'agreed_to_terms, eab_kid and eab_hmac_key';
  const message = `[ca.${name}]: ${error.message}; options ${options} are for this`;
  return new Fault('configuration', message, { cause: error });
}

/** What the operator can do where the CA forgot our account and gives no other. */
function lost({ name, eab }: CaRow, url: string, error: unknown): unknown {
  if (!(error instanceof Fault) || error.fault === 'configuration') return error;
  const binding = eab ? 'set a fresh eab_kid and eab_hmac_key, as the CA may take each once, then ' : '';
  const way = `${binding}\`certpacks ca forget ${name}\`, and a new account is made`;
  const message = `[ca.${name}]: the CA no longer knows our account ${url} and makes no other for its key`;
  return new Fault('configuration', `${message}: ${error.message}; ${way}`, { cause: error });
}
