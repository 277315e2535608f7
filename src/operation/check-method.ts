import type { CaRow } from '../ca/ca.ts';
import { offersMethod } from '../ca/order-policy.ts';
import { Fault } from '../kit/fault.ts';
import { isWildcard } from '../pack/hosts.ts';
import { METHODS, type ValidationMethod } from '../pack/validation-method.ts';
import { emailEnds } from '../pack/validity-limits.ts';

/** By what control is to be shown, of which names, to whom. */
export interface MethodQuestion {
  readonly method: ValidationMethod;
  /** In A-labels. */
  readonly names: readonly string[];
  /** Undefined: not configured any more. */
  readonly row: CaRow | undefined;
  readonly now: Date;
}

/**
 * Throws `method_not_offered` with a pointer where a method cannot show control of some names: a file proves no wildcard
 * (BR 3.2.2.4.19), and mail is for a CA that offers it, as ACME has no validation by mail. `rows` are the configured CAs, to
 * say which of them would.
 */
export function checkMethod(
  { method, names, row, now }: MethodQuestion,
  rows: Iterable<CaRow> = row ? [row] : [],
): void {
  const { provesWildcards, how } = METHODS[method];
  if (row && !offersMethod(row, method, now)) throw notOffered(method, whyNot(row, method, { rows, now }));
  const wildcard = provesWildcards ? undefined : names.find(isWildcard);
  if (wildcard === undefined) return;
  throw notOffered(method, `no CA proves ${wildcard} ${how}; order with 'txt', or without wildcards`);
}

function whyNot(
  row: CaRow,
  method: ValidationMethod,
  { rows, now }: Pick<MethodQuestion, 'now'> & { readonly rows: Iterable<CaRow> },
): string {
  const { how } = METHODS[method];
  const others = [...rows].filter((one) => offersMethod(one, method, now)).map(({ name }) => name);
  const hint = others.length > 0 ? `; ${others.join(' and ')} would` : '';
  const why = row.validatesByEmail
    ? `no public CA may validate ${how} since ${emailEnds.on}`
    : `${row.name} does not validate ${how}`;
  return `${why}${hint}; order with 'txt'`;
}

/** The refusal of a way to show control. */
export const notOffered = (method: string, why: string): Fault =>
  new Fault('method_not_offered', `validation_method ${method}: ${why}`, { pointer: '/validation_method' });
