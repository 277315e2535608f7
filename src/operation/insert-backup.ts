import { type BackupAsk, type BackupCas, type BackupOffer, backupOffer } from '../ca/backup-offer.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { brandingOf } from '../pack/branding.ts';
import { toName } from '../pack/hosts.ts';
import type { Pack } from '../pack/pack.ts';
import { allSent, type Tx } from '../store/store.ts';
import type { Seat } from '../store/zones.ts';
import type { By } from './advance.ts';
import { insertPack } from './insert-pack.ts';
import type { AdvanceDeps } from './operation.ts';

/** Which packs have a backup unless the order says otherwise, and whose these are to be. */
export interface BackupPolicy {
  /** CAs of backups, the preferred first; none: any. */
  readonly preferred: BackupCas['preferred'];
  /** Ids of accounts whose orders are for packs with a backup. */
  readonly accounts: readonly string[];
  /** Whether packs that the service makes for zones have one. */
  readonly isUniversal: boolean;
}

/** No pack has a backup unless it is asked for. */
export const NO_BACKUPS: BackupPolicy = { preferred: [], accounts: [], isUniversal: false };

/** What a backup is made by. */
export interface BackupDeps extends AdvanceDeps {
  readonly rows: BackupCas['rows'];
  readonly backups: BackupPolicy;
}

/** Where the backup of a pack can be ordered; undefined: nowhere. */
export function offerFor(
  { rows, backups: { preferred }, clock }: BackupDeps,
  { hosts, ...pack }: Pick<Pack, 'hosts' | 'validationMethod' | keyof BackupOffer>,
): BackupOffer | undefined {
  const { certificateAuthority, validityDays, validationMethod } = pack;
  if (!certificateAuthority || !validityDays || !validationMethod) return undefined;
  const ask: BackupAsk = { names: hosts.map(toName), certificateAuthority, validityDays, validationMethod };
  return backupOffer({ rows, preferred }, ask, clock.now());
}

/** The fault of whoever wants a backup where no CA can issue one. */
export const noOffer = (ca: string): Fault =>
  new Fault('ca_not_configured', `no CA beside ${ca} that issues for these hosts is configured for backups`, {
    pointer: '/backup',
  });

/** A pack and its backup, each with the other. */
export interface Backed {
  readonly pack: Pack;
  readonly backup: Pack;
}

/**
 * A pack, which is new or not, with a new backup for it: for the same hosts, shown control of by the same method, with keys and
 * certificates of its own, kept off the edges.
 */
export function withBackup(
  { clock, brandingDomain }: AdvanceDeps,
  pack: Pack,
  { offer, ord }: { readonly offer: BackupOffer; readonly ord: number },
): Backed {
  const now = clock.now();
  const id = newUuid();
  const since = pack.createdOn;
  const backup: Pack = {
    ...pack,
    ...offer,
    id,
    ord,
    status: 'initializing',
    statusSince: now,
    createdOn: now,
    modifiedOn: now,
    brandedAs: brandingOf({ ...pack, id }, brandingDomain),
    validationRecords: [],
    validationErrors: [],
    certificates: [],
    pair: { role: 'backup', other: pack.id, isStandby: true, since },
    renewal: undefined,
    attempts: 0,
    claim: 0,
  };
  return { pack: { ...pack, pair: { role: 'ordered', other: id, isStandby: false, since } }, backup };
}

/** Stores a new pack with its backup, both due at once, in a transaction that holds their zone. */
export function insertBacked(
  tx: Tx,
  deps: AdvanceDeps,
  { pack, backup }: Backed,
  seat: Pick<Seat, 'lane'> & By,
): Promise<unknown> {
  return allSent(insertPack(tx, deps, pack, seat), insertPack(tx, deps, backup, seat));
}
