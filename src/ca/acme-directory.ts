/** One directory of a CA, and our account there. */
import { LRUCache } from 'lru-cache';
import { AcmeClient } from '../acme/client.ts';
import type { Exchanged } from '../acme/http.ts';
import type { PauseStore } from '../acme/pauses.ts';
import { Pace } from '../acme/poll.ts';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import type { CertificateAuthority } from '../pack/pack.ts';
import type { CaRow } from './ca.ts';
import { DirectoryAccount } from './directory-account.ts';
import type { CaAccounts } from './kept-accounts.ts';

/** What `createCa` needs. */
export interface CaDeps {
  readonly accounts: CaAccounts;
  readonly clock: Clock;
  readonly log?: Pick<Log, 'info' | 'warn'>;
  /** Where a CA's wishes to be left alone are kept, by the URL of its directory; in this process alone unless told. */
  readonly pauses?: (ca: CertificateAuthority, directoryUrl: string) => PauseStore;
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
  readonly account: DirectoryAccount;
  /** Id of the account of ours whose own account that is; undefined: it is the one of all. */
  readonly tenant: string | undefined;
  /** The same directory with the account there of one of ours, or, for undefined, of all. */
  readonly ofTenant: (tenant: string | undefined) => AcmeDirectory;
  readonly clock: Clock;
  readonly log: CaDeps['log'];
  /** How long this CA usually takes. */
  readonly paces: { readonly validation: Pace; readonly issuance: Pace };
  /** What was learned of it. */
  readonly learned: Learned;
}

/** What a process learned of a directory. */
interface Learned {
  /** New orders that it refused, one after the other. */
  refusals: number;
  /** Until when orders do not say when the certificate is to end. */
  withoutEndUntil: Date;
}

/** Accounts of single accounts of ours that are kept at hand; another is read from the store again. */
const MOST_TENANTS = 1_000;

/** A directory. Nothing is asked of the CA until the first order. Throws `configuration` for URLs or roots of no use. */
export function openDirectory(row: CaRow, directoryUrl: string, deps: CaDeps): AcmeDirectory {
  const { accounts, clock, log } = deps;
  const client = new AcmeClient({
    directoryUrl,
    ...(row.tlsRoots !== undefined && { tlsRoots: row.tlsRoots }),
    ordersApart: row.keepsOrdersApart ?? false,
    ...(deps.within !== undefined && { within: deps.within }),
    clock,
    pauses: deps.pauses?.(row.name, directoryUrl),
    onExchange: (seen) => deps.onExchange?.(row.name, seen),
  });
  // By its URL an account is kept: with the id of the account of ours behind it that has it for itself.
  const accountAt = (url: string) =>
    new DirectoryAccount({ row, directoryUrl: url, client, accounts, clock, log });
  const known = new LRUCache<string, AcmeDirectory>({ max: MOST_TENANTS });
  const ofTenant = (tenant: string | undefined): AcmeDirectory => {
    if (tenant === undefined) return ofAll;
    const own = known.get(tenant) ?? { ...ofAll, tenant, account: accountAt(`${directoryUrl}#${tenant}`) };
    known.set(tenant, own);
    return own;
  };
  const ofAll: AcmeDirectory = {
    row,
    isRsaDirectory: directoryUrl === row.rsaDirectoryUrl,
    client,
    account: accountAt(directoryUrl),
    tenant: undefined,
    ofTenant,
    clock,
    log,
    paces: { validation: new Pace(), issuance: new Pace() },
    learned: { refusals: 0, withoutEndUntil: new Date(0) },
  };
  return ofAll;
}
