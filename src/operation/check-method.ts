import { Fault } from '../kit/fault.ts';
import { isWildcard } from '../pack/hosts.ts';
import { METHODS, type ValidationMethod } from '../pack/validation-method.ts';

/**
 * Throws `method_not_offered` with a pointer where a method cannot show control of some names, in A-labels: a file proves no
 * wildcard (BR 3.2.2.4.19), and ACME has no validation by mail.
 */
export function checkMethod(method: ValidationMethod, names: readonly string[]): void {
  const { challenge, provesWildcards, how } = METHODS[method];
  if (!challenge)
    throw notOffered(method, `${method} is not offered by this service; no CA here validates ${how}`);
  const wildcard = provesWildcards ? undefined : names.find(isWildcard);
  if (wildcard === undefined) return;
  throw notOffered(method, `no CA proves ${wildcard} ${how}; order with 'txt', or without wildcards`);
}

/** The refusal of a way to show control. */
export const notOffered = (method: string, why: string): Fault =>
  new Fault('method_not_offered', `validation_method ${method}: ${why}`, { pointer: '/validation_method' });
