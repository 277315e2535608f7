/** A move as its row has it. */
import type { MoveIn, MoveInStatus } from '../pack/move-in.ts';
import type { CertificateAuthority } from '../pack/pack.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';
import type { Actor } from './audit.ts';

/** Columns of `MoveInRow`. */
export const MOVE_IN_COLUMNS = `id, zone_id, account_id, key, hosts, upload_id, upload_ends, certificate_authority,
  validation_method, status, why, pack_id, planned_for, wanted_by, proving_since, attempts, actor, created_on, finished_on`;

/** A row of move_ins. */
export interface MoveInRow {
  id: string;
  zone_id: string;
  account_id: string;
  key: string;
  hosts: string[];
  upload_id: string | null;
  upload_ends: Date | null;
  certificate_authority: CertificateAuthority | null;
  validation_method: ValidationMethod;
  status: MoveInStatus;
  why: string | null;
  pack_id: string | null;
  planned_for: Date;
  wanted_by: Date;
  proving_since: Date | null;
  attempts: number;
  actor: Actor;
  created_on: Date;
  finished_on: Date | null;
}

/** A move with whoever began it. */
export type StoredMoveIn = MoveIn & { readonly by: Actor };

/** The move of a row. */
export const toMoveIn = (row: MoveInRow): StoredMoveIn => ({
  id: row.id,
  zoneId: row.zone_id,
  accountId: row.account_id,
  key: row.key,
  hosts: row.hosts,
  uploadId: row.upload_id ?? undefined,
  uploadEnds: row.upload_ends ?? undefined,
  certificateAuthority: row.certificate_authority ?? undefined,
  validationMethod: row.validation_method,
  status: row.status,
  why: row.why ?? undefined,
  packId: row.pack_id ?? undefined,
  plannedFor: row.planned_for,
  wantedBy: row.wanted_by,
  provingSince: row.proving_since ?? undefined,
  attempts: row.attempts,
  by: row.actor,
  createdOn: row.created_on,
  finishedOn: row.finished_on ?? undefined,
});
