import type { CaRow } from '../ca/ca.ts';
import type { NamePolicy } from '../pack/name-policy.ts';
import type { CertificateAuthority, ZoneType } from '../pack/pack.ts';
import { type BackupDeps, NO_BACKUPS } from './insert-backup.ts';
import type { AdvanceDeps } from './operation.ts';

/** Which packs the service makes by itself, and where it gets them, as the operator has it. */
export interface ManagedPolicy {
  /** Whether a new zone of that type has Universal on; its owner can change that. */
  readonly isUniversalOn: Readonly<Record<ZoneType, boolean>>;
  /** The configured CAs in the order in which they are wanted for such packs. */
  readonly rows: readonly CaRow[];
  /** Whether Universal packs have backups, and whose; `rows` are all configured CAs. */
  readonly backups: Pick<BackupDeps, 'rows' | 'backups'>;
  /** Most orders an hour for names that move in; 0: none. */
  readonly moveInOrders: number;
}

/** What makes such packs is given this. */
export interface ManagedDeps extends AdvanceDeps {
  readonly managed: ManagedPolicy;
  readonly names: NamePolicy;
}

/** No such packs. */
export const NOTHING_MANAGED: ManagedPolicy = {
  isUniversalOn: { full: false, partial: false },
  rows: [],
  backups: { rows: new Map(), backups: NO_BACKUPS },
  moveInOrders: 0,
};

/** The CAs to order from where an owner chose one, that one first; where it is not configured, or none was chosen, as wanted. */
export function rowsFor(
  { rows, backups }: ManagedPolicy,
  chosen: CertificateAuthority | undefined,
): readonly CaRow[] {
  const row = chosen && backups.rows.get(chosen);
  return row ? [row, ...rows.filter(({ name }) => name !== row.name)] : rows;
}
