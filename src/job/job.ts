/**
 * The durable work. Terms:
 * - due: a pack wants attention now; its row says when (`due_at`). There is no other queue.
 * - claim: to take due packs under a lease; every claim raises a number, and whoever writes with an older
 *   one has lost the pack.
 * - run: one way through the statuses, a pack's own life or a renewal beside it; a worker goes on with it until it waits.
 * - advance: to move a pack along its lifecycle; the only writer of its status.
 * The front file: what a job is given. One file per job of the lifecycle's table.
 */

import type { Ca } from '../ca/ca.ts';
import type { RevocationStatus } from '../ca/revocation-status.ts';
import type { TxtPublisher } from '../dns/dns.ts';
import type { EdgeChange, LiveEdge, ShowLeaf } from '../edge/edge.ts';
import type { KeyPool } from '../key/key-pool.ts';
import type { Signer } from '../keyless/signer.ts';
import type { KeysInTokens } from '../keyless/token-keys.ts';
import type { Clock } from '../kit/clock.ts';
import type { KeyedSignal } from '../kit/keyed-signal.ts';
import type { Log } from '../kit/log.ts';
import type { Seal } from '../kit/seal.ts';
import type { Seconds } from '../kit/time.ts';
import type { Send } from '../notify/send.ts';
import type { ManagedDeps } from '../operation/managed-policy.ts';
import type { AdvanceDeps } from '../operation/operation.ts';
import type { Work } from '../operation/work.ts';
import type { NamePolicy } from '../pack/name-policy.ts';
import type { CertificateAuthority, Pack, PackStatus, PackZone } from '../pack/pack.ts';
import type { ZonePolicy } from '../pack/zone-life.ts';
import type { Pool } from '../store/store.ts';
import type { LookAtDelegation, PrecheckCaa, PrecheckHttp, PrecheckTxt } from '../validation/validation.ts';

export interface JobDeps extends AdvanceDeps, ManagedDeps {
  readonly pool: Pool;
  /** Name of this process among all that work on the database. */
  readonly worker: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly seal: Seal;
  /** The configured CAs. */
  readonly cas: ReadonlyMap<CertificateAuthority, Ca>;
  /** Private keys for new certificates. */
  readonly keys: KeyPool;
  readonly precheckTxt: PrecheckTxt;
  readonly precheckHttp: PrecheckHttp;
  readonly precheckCaa: PrecheckCaa;
  /** Who publishes validation records in a zone by dynamic update, by the zone's name. */
  readonly publishers: ReadonlyMap<string, BoundPublisher>;
  readonly lookAtDelegation: LookAtDelegation;
  /** Whose names are whose. */
  readonly names: NamePolicy;
  /** How zones become active, and what they are delegated to. */
  readonly zonePolicy: ZonePolicy;
  /** The edges as they are now: what is in the list changes while the service runs. */
  readonly edges: readonly LiveEdge[];
  readonly showLeaf: ShowLeaf;
  readonly verification: VerificationParts;
  /** What CAs revoked, by the lists and responders that leaves name; undefined: nobody looks. */
  readonly revocations?: Pick<RevocationStatus, 'look' | 'getNext'>;
  /** How long records of what happened are kept; 0: for ever. */
  readonly auditLife: Seconds;
  /** How long control that a zone has shown counts for its other packs and for renewals without another look; 0: not at all. */
  readonly controlLife: Seconds;
  /** How accounts are told of what happened. */
  readonly alerts: AlertParts;
  /** Who signs with the key of a chain that is elsewhere; undefined: no key is looked at. */
  readonly signerOf?: (chain: string, elsewhere: string) => Signer;
  /** Private keys of packs in a token; undefined: there is none. */
  readonly tokens?: TokensOfPacks | undefined;
  /** Rings at each step of a pack, with the pack as it was stored. */
  readonly moves: Pick<KeyedSignal<Pack>, 'notify'>;
  /** Tells the edges connected to this process at once; those of other processes hear of it by the store. */
  readonly pushChange: (change: EdgeChange) => void;
  /** Whether work may be taken now; it may unless told. */
  readonly mayWork?: () => boolean;
  /** Time as all processes on the database have it, by which leases are extended; `clock` unless told. */
  readonly leaseClock?: Clock;
  /** Told of each step that a worker took with a pack. */
  readonly onStep?: (step: StepTaken) => void;
}

/** Private keys of packs in a token. */
export interface TokensOfPacks {
  /** Whether packs of a zone have their keys there, from their next certificates on. */
  readonly isFor: (zone: Pick<PackZone, 'id' | 'accountId'>) => boolean;
  /** Label of the token in which keys are made; '' for the only one. */
  readonly label: string;
  readonly keys: KeysInTokens;
}

/** How it is seen all the time what edges serve. */
export interface VerificationParts {
  /** Names that one process asks edges for in a second, each for all algorithms of its pack; 0: none. */
  readonly namesPerSecond: number;
  /** How long nobody has to reach an edge until nothing waits for it. */
  readonly awayAfter: Seconds;
}

/** How alerts are sent. */
export interface AlertParts {
  readonly send: Send;
  /** Where people reach the dashboard; '': not known. */
  readonly publicUrl: string;
  /** How many messages a channel that people read is sent in a minute; 0: any number. */
  readonly digestAfter: number;
  /** Counts a mail to an address; false: it has had its share, and this one is to wait. */
  readonly mayMail: (address: string, now: Date) => boolean;
  /** Told of each attempt. */
  readonly onOutcome?: ((mechanism: string, outcome: string) => void) | undefined;
}

/** Who publishes in a zone, and for whom. */
export interface BoundPublisher extends TxtPublisher {
  /** Id of the account whose zone it has to be; undefined: one of the operator's. */
  readonly accountId?: string | undefined;
}

/** A step: the status in which the pack was, and whether its work failed and is tried again. */
export interface StepTaken {
  readonly status: PackStatus;
  readonly outcome: 'done' | 'failed';
}

/**
 * The work of one status. Returns what is next after a step, to go on with, or undefined once the pack was written down
 * to wait. Asks first whether it is still needed and may run twice. Throws to be tried later.
 */
export type Job = (deps: JobDeps, work: Work, signal: AbortSignal) => Promise<Work | undefined>;
