import { Type } from 'typebox';
import type { Exchange } from '../exchange.ts';
import type { CaFault } from './fault.ts';

const FORGOTTEN = {
  /** The account that asks. */
  account: ({ header: { kid } }: Exchange) =>
    typeof kid === 'string' ? kid.slice(kid.lastIndexOf('/') + 1) : '',
  /** The order, authorization, certificate or account that is asked for. */
  object: ({ id }: Exchange) => id,
} as const;

const Takes = Type.Object({ what: Type.Enum(['account', 'object']) });

/** The CA forgets something for good, before it looks at the request. */
export const forget: CaFault<typeof Takes> = {
  takes: Takes,
  step:
    ({ what }) =>
    (exchange, next) => {
      exchange.ca.ledger.record({ forgotten: FORGOTTEN[what](exchange) });
      return next(exchange);
    },
};
