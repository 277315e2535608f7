import { Type } from 'typebox';
import type { CaTerms } from '../ca/terms.ts';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({
  /** Whether a valid authorization serves the next order. */
  reuses_authorizations: Type.Optional(Type.Boolean()),
  /** Whether authorizations are valid from the start, without a challenge. */
  presumes_control: Type.Optional(Type.Boolean()),
  /** Whether a certificate request needs a common name. */
  wants_common_name: Type.Optional(Type.Boolean()),
  /** How long control may be shown with the tokens of an order. */
  token_life_s: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 315_576_000 })),
});

/** The CA has other ways than usual. */
export const terms: CaFault<typeof Takes> = {
  takes: Takes,
  step: (told) => (exchange, next) => {
    const usual = exchange.ca.terms;
    const others: CaTerms = {
      ...usual,
      reusesAuthorizations: told.reuses_authorizations ?? usual.reusesAuthorizations,
      presumesControl: told.presumes_control ?? usual.presumesControl ?? false,
      wantsCommonName: told.wants_common_name ?? usual.wantsCommonName ?? false,
      tokenLife: told.token_life_s ?? usual.tokenLife,
    };
    return next({ ...exchange, ca: { ...exchange.ca, terms: others } });
  },
};
