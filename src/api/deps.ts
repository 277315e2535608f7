/** What the routes of the API need, and how it takes requests. */
import type { CaRow } from '../ca/ca.ts';
import type { Clock } from '../kit/clock.ts';
import type { KeyedSignal } from '../kit/keyed-signal.ts';
import type { Log } from '../kit/log.ts';
import type { Seal } from '../kit/seal.ts';
import type { Seconds } from '../kit/time.ts';
import type { ServedChange } from '../operation/assign-to-edges.ts';
import type { CsrDeps } from '../operation/create-csr.ts';
import type { HostnamePolicy } from '../operation/hostname-policy.ts';
import type { BackupPolicy } from '../operation/insert-backup.ts';
import type { UploadDeps } from '../operation/insert-upload.ts';
import type { ManagedDeps } from '../operation/managed-policy.ts';
import type { AdvanceDeps } from '../operation/operation.ts';
import type { Quotas } from '../operation/quotas.ts';
import type { DomainConnect } from '../pack/domain-connect.ts';
import type { LookAtHost } from '../pack/host-look.ts';
import type { HostnameTls, IdleSettings } from '../pack/hostname-tls.ts';
import type { KeyElsewhere } from '../pack/key-elsewhere.ts';
import type { NamePolicy } from '../pack/name-policy.ts';
import type { CertificateAuthority, Environment, Pack } from '../pack/pack.ts';
import type { Location } from '../pack/region.ts';
import type { MayReach } from '../pack/webhook.ts';
import type { ZonePolicy } from '../pack/zone-life.ts';
import type { Reader } from '../store/protocol/reader.ts';
import type { Pool } from '../store/store.ts';
import type { Trust } from '../upload/trust.ts';

export interface ApiDeps extends AdvanceDeps, ManagedDeps {
  readonly pool: Pool;
  readonly reader: Reader;
  readonly log: Log;
  /** By which roots chains of what they bring are judged. */
  readonly trust: Trust;
  /** The regions to which their keys can be restricted. */
  readonly regions?: UploadDeps['regions'];
  /** Throws `keyless_not_offered` where the operator has not configured that a key is asked there. */
  readonly demandKeyPlace: (place: KeyElsewhere) => void;
  /** Edges, of the configuration and with agents; undefined: none are told of here. */
  readonly edgeTerms?: EdgeTerms | undefined;
  /** Tells the edges of this process of a change; those of other processes hear of it by the store. */
  readonly pushChange: (change: ServedChange) => void;
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
  /** How long the record of what was done is kept; 0: for ever. */
  readonly auditLife: Seconds;
  /** How much one account may have, and one zone. */
  readonly quotas: Quotas;
  /** What custom hostnames may be. */
  readonly hostnames: HostnamePolicy;
  /** How zones become active, and what they are delegated to. */
  readonly zonePolicy: ZonePolicy;
  /** Addresses of the edges, which names of proxied records are answered with. */
  readonly publicAddresses: readonly string[];
  /** Seals what clients give that must not be told again. */
  readonly seal: Seal;
  /** Makes the keys of requests that clients take to a CA of theirs. */
  readonly keys: CsrDeps['keys'];
  /** How alerts are sent. */
  readonly alerting: AlertingTerms;
  /** Rings where a worker of this process made a step with a pack. */
  readonly moves: Pick<KeyedSignal<Pack>, 'next' | 'listen'>;
  /** Tells the workers of this process that something is due. */
  readonly poke: (packId?: string) => void;
  /** Why a CA does not work now; undefined: it does, as far as is known. */
  readonly caTrouble?: (ca: CertificateAuthority) => string | undefined;
  /** What came of the exchanges of this process with a CA; undefined: it had none. */
  readonly caHealth?: (ca: CertificateAuthority) => CaHealth | undefined;
  /** Looks where a public name leads; undefined: nobody does here. */
  readonly lookAtHost?: LookAtHost;
  /** Makes links by which records are created elsewhere; undefined: none are made. */
  readonly connect?: DomainConnect | undefined;
  /** Whether the process is about to end. */
  readonly isStopping?: () => boolean;
  /** What is wrong with the clock of this machine, in words; undefined: nothing is known to be. */
  readonly clockTrouble?: () => string | undefined;
  /** By which browsers that are signed in count: the machine's time. Undefined: nobody signs in by browser. */
  readonly browserClock?: Clock | undefined;
  /** The files of the dashboard; undefined: it is not served. */
  readonly dashboard?: DashboardSource | undefined;
  readonly http?: HttpOptions;
  /** What comes back whatever a client does to it: of a stand-in alone. */
  readonly pinned?: Pinned | undefined;
  /** Told of each request that was answered. */
  readonly onAnswer?: (answer: AnsweredRequest) => void;
}

/** What is known of edges, and what is done with them here. */
export interface EdgeTerms {
  /** Those of the configuration. */
  readonly configured: readonly ConfiguredEdge[];
  /** The token of a secret, as it is printed. Throws `edges_not_offered` where nobody said how agents reach the service. */
  readonly printToken: (secret: string) => Promise<string>;
  /** Where an edge is, as `region`, `country` and `highest_security` say; undefined: not said. Throws `malformed_request`. */
  readonly locationIn: (given: Readonly<Record<string, unknown>>) => Location | undefined;
  /** Edges of an environment that do not apply all that a hostname says of handshakes. */
  readonly idleSettings: (environment: Environment, tls: HostnameTls) => IdleSettings[];
  /** Has this process see at once what changed of edges. */
  readonly refresh: () => Promise<void>;
}

/** An edge of the configuration. */
export interface ConfiguredEdge {
  readonly name: string;
  readonly kind: string;
  readonly environment: Environment;
  readonly host: string;
  readonly port: number;
  readonly location?: Location | undefined;
}

/** How alerts are sent, as far as whoever wants them is told. */
export interface AlertingTerms {
  /** Whether mail is set up. */
  readonly isMailed: boolean;
  readonly mayReach: MayReach;
}

/** When a CA answered last, and when it did not as it should. */
export interface CaHealth {
  readonly lastSuccess?: Date;
  readonly lastFailure?: Date;
}

/** Objects with ids that are known beforehand. */
export interface Pinned {
  /** Has them there again, where an earlier request changed something. */
  readonly restore: () => Promise<void>;
  /** Something may have changed. */
  readonly changed: () => void;
  /** Gives a record of a pinned zone that comes without a content that of the pinned one of its type. */
  readonly complete: (zoneId: string, record: unknown) => void;
  /** Makes room for a record that is to be made or changed in a pinned zone: the same one, where it is there. */
  readonly makeRoom: (
    place: { readonly zoneId: string; readonly id: string | undefined },
    record: unknown,
  ) => Promise<void>;
  /** Makes room for a custom hostname that is to be made in a pinned zone: the same one, where it is there and not pinned. */
  readonly makeHostnameRoom: (zoneId: string, hostname: string) => Promise<void>;
  /** The URL of a request, with the account's own id in place of the others that it goes by. */
  readonly rewrite: (url: string) => string;
  /** Id of the pinned zone of that name. */
  readonly zoneNamed: (name: string) => string | undefined;
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

/** One file that browsers load. */
export interface DashboardFile {
  readonly type: string;
  readonly body: Buffer;
}

/** Gives the files of the dashboard, by name: `index.html`, and what it names. Throws where they were not built. */
export type DashboardSource = () => Promise<ReadonlyMap<string, DashboardFile>>;

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** As it is declared, with the names of its parameters in place of their values; `none` where no route matched. */
  readonly route: string;
  readonly status: number;
  readonly seconds: Seconds;
}
