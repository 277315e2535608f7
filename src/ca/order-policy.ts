/** What a CA offers, asked before an order is taken. */
import { Fault } from '../kit/fault.ts';
import { after, days, type Seconds } from '../kit/time.ts';
import { isInternationalized, isWildcard } from '../pack/hosts.ts';
import type { ValidityDays } from '../pack/pack.ts';
import { METHODS, type ValidationMethod } from '../pack/validation-method.ts';
import { emailEnds, longestValidity } from '../pack/validity-limits.ts';
import type { CaRow } from './ca.ts';

/** What a subscriber asks for. */
export interface PolicyQuestion {
  /** Names in A-labels, in the order of the request's hosts. */
  readonly names: readonly string[];
  readonly validityDays: number;
}

/**
 * Throws `validity_not_offered` or `invalid_host`, with a pointer to the field, when the CA does not issue
 * what is asked for. `rows` are the configured CAs, to say which of them would.
 */
export function checkOrderPolicy(
  row: CaRow,
  ask: PolicyQuestion,
  now: Date,
  rows: readonly CaRow[] = [],
): void {
  checkValidity(row, ask.validityDays, now);
  for (const [i, name] of ask.names.entries()) {
    const ban = banOn(row, name);
    if (!ban) continue;
    const others = rows.filter(ban.isAllowed).map((other) => other.name);
    const hint = others.length > 0 ? `; ${others.join(' and ')} would` : '';
    const message = `${name}: ${row.name} issues no certificates for ${ban.kind}${hint}`;
    throw new Fault('invalid_host', message, { pointer: `/hosts/${i}` });
  }
}

/** Why a CA issues no certificate for a name, in A-labels; undefined: it does. */
export const banOn = (row: CaRow, name: string): Ban | undefined =>
  BANS.find(({ isMeant, isAllowed }) => isMeant(name) && !isAllowed(row));

interface Ban {
  readonly kind: string;
  readonly isMeant: (name: string) => boolean;
  readonly isAllowed: (row: CaRow) => boolean;
}

const BANS: readonly Ban[] = [
  { kind: 'wildcard hosts', isMeant: isWildcard, isAllowed: (row) => row.allowsWildcard },
  { kind: 'internationalized hosts', isMeant: isInternationalized, isAllowed: (row) => row.allowsIdn },
];

function checkValidity(row: CaRow, validityDays: number, now: Date): void {
  const offered = allowedDays(row, now);
  if (offered.some((one) => one === validityDays)) return;
  const allowed = offered.length > 0 ? `validity_days ${offered.join(', ')}` : 'none of its validity_days';
  const limit = limitInWords(row, validityDays, now);
  const message = `${row.name} offers ${allowed}, not ${validityDays}${limit}`;
  throw new Fault('validity_not_offered', message, { pointer: '/validity_days' });
}

/** Values of `validity_days` that the row offers at `now`. */
export function allowedDays(row: CaRow, now: Date): ValidityDays[] {
  return row.validityDays.filter((length) => !row.isPublic || length <= longestValidity(now));
}

function limitInWords(row: CaRow, validityDays: number, now: Date): string {
  const longest = longestValidity(now);
  if (!row.isPublic || validityDays <= longest) return '';
  const day = now.toISOString().slice(0, 10);
  return `: a public certificate issued on ${day} is valid for ${longest} days at most (Baseline Requirements 6.3.2)`;
}

/** notAfter is itself part of the validity (RFC 5280 4.1.2.5), so N days end a second earlier. */
const LAST_SECOND: Seconds = 1;

/** End of validity to ask the CA for, in whole seconds; undefined for a CA with a fixed one. */
export function endOfValidity(row: CaRow, validityDays: number, now: Date): Date | undefined {
  if (!row.sendsNotAfter) return undefined;
  // A pack that was ordered under an older limit is renewed within the one of today.
  const length = row.isPublic ? Math.min(validityDays, longestValidity(now)) : validityDays;
  const end = after(now, days(length) - LAST_SECOND);
  return new Date(Math.floor(end.getTime() / 1_000) * 1_000);
}

/** Whether a CA can be asked to validate by a method: by mail, only one that offers it, and no public one since that ended. */
export const offersMethod = (
  { validatesByEmail = false, isPublic }: CaRow,
  method: ValidationMethod,
  now: Date,
): boolean => METHODS[method].isUsual || (validatesByEmail && !(isPublic && emailEnds.hasCome(now)));
