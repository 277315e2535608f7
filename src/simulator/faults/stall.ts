import { Type } from 'typebox';
import type { CaContext } from '../ca/context.ts';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({
  /** Of the CA's time; never without it. */
  seconds: Type.Optional(Type.Number({ minimum: 0 })),
});

/** What comes after the answer comes late, or never: on `challenge` the validation, on `finalize` the certificate. */
export const stall: CaFault<typeof Takes> = {
  takes: Takes,
  step:
    ({ seconds }) =>
    (exchange, next) => {
      const later: CaContext['later'] = (work) => {
        if (seconds !== undefined) exchange.ca.later(work, seconds);
      };
      return next({ ...exchange, ca: { ...exchange.ca, later } });
    },
};
