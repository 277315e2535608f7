import { Type } from 'typebox';
import { orderAnswer, statusOf } from '../ca/orders.ts';
import type { Exchange } from '../exchange.ts';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({});

/** On `new-order`: an order of the account for the same names that is not finalized yet is answered in place of a new one. */
export const sameOrder: CaFault<typeof Takes> = {
  takes: Takes,
  step: () => (exchange, next) => {
    const known = openOrder(exchange);
    return known ? orderAnswer(exchange.ca, known, 200) : next(exchange);
  },
};

function openOrder({ ca, header, payload }: Exchange) {
  const account = String(header['kid']).split('/').at(-1);
  const asked = JSON.stringify(payload?.['identifiers']);
  return [...ca.ledger.orders.values()].findLast(
    (order) =>
      order.accountId === account &&
      JSON.stringify(order.names.map((value) => ({ type: 'dns', value }))) === asked &&
      ['pending', 'ready'].includes(statusOf(ca, order)),
  );
}
