/** One directory of a CA, and our account there. */

import { LRUCache } from 'lru-cache';
import { type Account, exportAccountKey, importAccountKey, newAccountKey } from '../acme/account.ts';
import { AcmeClient } from '../acme/client.ts';
import type { Exchanged } from '../acme/http.ts';
import { Lazy } from '../acme/lazy.ts';
import { Pace } from '../acme/poll.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import type { CertificateAuthority } from '../pack/pack.ts';
import type { CaAccount, CaAccounts, CaRow } from './ca.ts';

/** What `createCa` needs. */
export interface CaDeps {
  readonly accounts: CaAccounts;
  readonly clock: Clock;
  readonly log?: Pick<Log, 'info'>;
  /** Longest time of one exchange with a CA; 30 s unless told. */
  readonly within?: Seconds;
  /** Told of each request to a CA, whatever came of it. */
  readonly onExchange?: (ca: CertificateAuthority, seen: Exchanged) => void;
}

/** A directory at which orders are made. */
export interface AcmeDirectory {
  readonly row: CaRow;
  readonly isRsaDirectory: boolean;
  readonly client: AcmeClient;
  readonly account: Lazy<Account>;
  /** Id of the account of ours whose own account that is; undefined: it is the one of all. */
  readonly tenant: string | undefined;
  /** The same directory with the account there of one of ours, or, for undefined, of all. */
  readonly ofTenant: (tenant: string | undefined) => AcmeDirectory;
  readonly clock: Clock;
  /** How long this CA usually takes. */
  readonly paces: { readonly validation: Pace; readonly issuance: Pace };
}

/** Longest time for getting an account, in milliseconds: several exchanges. */
const ACCOUNT_LIMIT_MS = 90_000;

/** Accounts of single accounts of ours that are kept at hand; another is read from the store again. */
const MOST_TENANTS = 1_000;

/** A directory. Nothing is asked of the CA until the first order. Throws `configuration` for URLs or roots of no use. */
export function openDirectory(row: CaRow, directoryUrl: string, deps: CaDeps): AcmeDirectory {
  const client = new AcmeClient({
    directoryUrl,
    ...(row.tlsRoots !== undefined && { tlsRoots: row.tlsRoots }),
    ordersApart: row.keepsOrdersApart ?? false,
    ...(deps.within !== undefined && { within: deps.within }),
    onExchange: (seen) => deps.onExchange?.(row.name, seen),
  });
  const isRsaDirectory = directoryUrl === row.rsaDirectoryUrl;
  const paces = { validation: new Pace(), issuance: new Pace() };
  const common = { row, isRsaDirectory, client, clock: deps.clock, paces };
  const accountAt = (url: string) => new Lazy(() => getAccount({ row, directoryUrl: url, client }, deps));
  const known = new LRUCache<string, AcmeDirectory>({ max: MOST_TENANTS });
  const ofTenant = (tenant: string | undefined): AcmeDirectory => {
    if (tenant === undefined) return ofAll;
    const own = known.get(tenant) ?? {
      ...ofAll,
      tenant,
      account: accountAt(`${directoryUrl}#${tenant}`),
    };
    known.set(tenant, own);
    return own;
  };
  const ofAll: AcmeDirectory = { ...common, tenant: undefined, account: accountAt(directoryUrl), ofTenant };
  return ofAll;
}

interface Place {
  readonly row: CaRow;
  /** By which the account is kept: with the id of the account of ours behind it that has it for itself. */
  readonly directoryUrl: string;
  readonly client: AcmeClient;
}

/** The account that is kept for the directory; made and kept when there is none. */
async function getAccount(place: Place, { accounts, log }: CaDeps): Promise<Account> {
  const { row, directoryUrl } = place;
  const kept = await accounts.get(row.name, directoryUrl);
  if (kept) return toAccount(kept);
  try {
    const made = await accounts.save(row.name, directoryUrl, await makeAccount(place));
    log?.info({ ca: row.name, directory: directoryUrl, account: made.url }, 'account at CA');
    return toAccount(made);
  } catch (error) {
    // Another process may have been first; a binding that can be used once is then used up.
    const other = await accounts.get(row.name, directoryUrl);
    if (other) return toAccount(other);
    throw error;
  }
}

async function makeAccount({ row, client }: Place): Promise<CaAccount> {
  const key = newAccountKey(row.isRsaAccount ? 'RS256' : 'ES256');
  const { contact, hasAgreedToTerms, eab } = row;
  const ask = { contact, hasAgreedToTerms, ...(eab && { eab }) };
  try {
    const url = await client.newAccount(key, ask, AbortSignal.timeout(ACCOUNT_LIMIT_MS));
    return { url, key: exportAccountKey(key) };
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'configuration') throw error;
    const options = 'agreed_to_terms, eab_kid and eab_hmac_key';
    const message = `[ca.${row.name}]: ${error.message}; options ${options} are for this`;
    throw new Fault('configuration', message, { cause: error });
  }
}

const toAccount = ({ url, key }: CaAccount): Account => ({ url, key: importAccountKey(key) });
