/** Which CA issues the backup of a pack: never that of the pack itself. */
import { CERTIFICATE_AUTHORITIES, type CertificateAuthority, type ValidityDays } from '../pack/pack.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';
import type { CaRow } from './ca.ts';
import { allowedDays, banOn, offersMethod } from './order-policy.ts';

/** The pack for which a backup is wanted. */
export interface BackupAsk {
  /** Names in A-labels. */
  readonly names: readonly string[];
  readonly certificateAuthority: CertificateAuthority;
  readonly validityDays: ValidityDays;
  readonly validationMethod: ValidationMethod;
}

/** Where a backup is ordered, and for how long. */
export type BackupOffer = Pick<BackupAsk, 'certificateAuthority' | 'validityDays'>;

/** The configured CAs, and those by whom backups are to come, the preferred first; none named: any. */
export interface BackupCas {
  readonly rows: ReadonlyMap<CertificateAuthority, CaRow>;
  readonly preferred: readonly CertificateAuthority[];
}

/**
 * The first CA that issues for all names by the pack's method, with the validity of the pack where it offers that, else the longest shorter one, else
 * its shortest; undefined where none does.
 */
export function backupOffer(
  { rows, preferred }: BackupCas,
  ask: BackupAsk,
  now: Date,
): BackupOffer | undefined {
  const order = preferred.length > 0 ? preferred : CERTIFICATE_AUTHORITIES;
  for (const certificateAuthority of order) {
    const row =
      certificateAuthority === ask.certificateAuthority ? undefined : rows.get(certificateAuthority);
    if (!row || ask.names.some((name) => banOn(row, name))) continue;
    if (!offersMethod(row, ask.validationMethod, now)) continue;
    const validityDays = nearest(allowedDays(row, now), ask.validityDays);
    if (validityDays !== undefined) return { certificateAuthority, validityDays };
  }
  return undefined;
}

function nearest(offered: readonly ValidityDays[], wanted: ValidityDays): ValidityDays | undefined {
  const sorted = offered.toSorted((a, b) => a - b);
  return sorted.findLast((one) => one <= wanted) ?? sorted[0];
}
