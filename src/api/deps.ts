/** What the routes of the API need, and how it takes requests. */
import type { CaRow } from '../ca/ca.ts';
import type { KeyedSignal } from '../kit/keyed-signal.ts';
import type { Log } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import type { BackupPolicy } from '../operation/insert-backup.ts';
import type { ManagedDeps } from '../operation/managed-policy.ts';
import type { AdvanceDeps } from '../operation/operation.ts';
import type { Quotas } from '../operation/quotas.ts';
import type { NamePolicy } from '../pack/name-policy.ts';
import type { CertificateAuthority, Pack } from '../pack/pack.ts';
import type { ZonePolicy } from '../pack/zone-life.ts';
import type { Reader } from '../store/protocol/reader.ts';
import type { Pool } from '../store/store.ts';

export interface ApiDeps extends AdvanceDeps, ManagedDeps {
  readonly pool: Pool;
  readonly reader: Reader;
  readonly log: Log;
  /** What tells this installation's database from every other. */
  readonly installation: string;
  /** Most bytes of pages that are kept in memory. */
  readonly pageCacheBytes: number;
  /** The configured CAs that can be ordered from. */
  readonly rows: ReadonlyMap<CertificateAuthority, CaRow>;
  /** How long an order waits for its validation records. */
  readonly orderWait: Seconds;
  /** Whether an order must contain the zone's apex. */
  readonly isApexDemanded: boolean;
  /** Which names are not free, and for whom. */
  readonly names: NamePolicy;
  /** Which packs have a backup, and of which CA. */
  readonly backups: BackupPolicy;
  /** How much one account may have, and one zone. */
  readonly quotas: Quotas;
  /** How zones become active, and what they are delegated to. */
  readonly zonePolicy: ZonePolicy;
  /** Addresses of the edges, which names of proxied records are answered with. */
  readonly publicAddresses: readonly string[];
  /** Rings where a worker of this process made a step with a pack. */
  readonly moves: Pick<KeyedSignal<Pack>, 'next'>;
  /** Tells the workers of this process that something is due. */
  readonly poke: (packId?: string) => void;
  /** Why a CA does not work now; undefined: it does, as far as is known. */
  readonly caTrouble?: (ca: CertificateAuthority) => string | undefined;
  /** Whether the process is about to end. */
  readonly isStopping?: () => boolean;
  /** What is wrong with the clock of this machine, in words; undefined: nothing is known to be. */
  readonly clockTrouble?: () => string | undefined;
  readonly http?: HttpOptions;
  /** Told of each request that was answered. */
  readonly onAnswer?: (answer: AnsweredRequest) => void;
}

/** How the API takes requests; the defaults of the options where it is left out. */
export interface HttpOptions {
  /** Addresses or networks of proxies that tell where a request comes from. */
  readonly trustedProxies: readonly string[];
  readonly bodyLimit: number;
  readonly headerLimit: number;
  readonly requestTimeout: Seconds;
  readonly keepAlive: Seconds;
  readonly isLogged: boolean;
  /** Requests that an account may make in five minutes, or an address without a good token; 0: any number. */
  readonly rateLimit: number;
  /** Certificates and keys in PEM; undefined: plain HTTP. */
  readonly tls?: { readonly cert: readonly string[]; readonly key: readonly string[] } | undefined;
}

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** As it is declared, with the names of its parameters in place of their values; `none` where no route matched. */
  readonly route: string;
  readonly status: number;
  readonly seconds: Seconds;
}
