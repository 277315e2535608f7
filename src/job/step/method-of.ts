import { Fault } from '../../kit/fault.ts';
import type { Pack } from '../../pack/pack.ts';
import { isShownMethod, METHODS, type ShownMethod } from '../../pack/validation-method.ts';

/** The method by which a CA is asked to validate a pack. Throws `method_not_offered` where no CA can be asked so. */
export function methodOf({ validationMethod: method }: Pick<Pack, 'validationMethod'>): ShownMethod {
  if (method !== undefined && isShownMethod(method)) return method;
  const how = method === undefined ? 'without a validation method' : METHODS[method].how;
  throw new Fault('method_not_offered', `no CA can be asked to validate ${how}`);
}
