import { Fault } from '../../kit/fault.ts';
import type { Pack } from '../../pack/pack.ts';
import type { ValidationMethod } from '../../pack/validation-method.ts';

/** The method by which a CA is asked to validate a pack. Throws `method_not_offered` where it has none. */
export function methodOf({ validationMethod: method }: Pick<Pack, 'validationMethod'>): ValidationMethod {
  if (method !== undefined) return method;
  throw new Fault('method_not_offered', 'no CA can be asked to validate without a validation method');
}
