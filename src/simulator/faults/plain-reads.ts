import { Type } from 'typebox';
import { refusing } from '../ca/message.ts';
import { Refusal } from '../ca/problems.ts';
import { methodNotAllowed } from '../ca/public-resources.ts';
import { routeOf } from '../ca/routes.ts';
import type { Exchange } from '../exchange.ts';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({});

/** Objects are read by GET without a signature, as before RFC 8555 6.3, and POST-as-GET is refused. */
export const plainReads: CaFault<typeof Takes> = {
  takes: Takes,
  step: () => (exchange, next) => {
    const { method, payload, body } = exchange;
    if (method === 'GET') return readBy(exchange) ?? next(exchange);
    const isRead = method === 'POST' && payload === undefined && body.length > 0;
    return isRead ? refusing(methodNotAllowed('GET').document) : next(exchange);
  },
};

/** The object for whoever it belongs to; undefined where the path names none. */
function readBy({ ca, target, id }: Exchange) {
  const { orders, authorizations, certificates, accounts } = ca.ledger;
  const owner = [orders, authorizations, certificates].map((known) => known.get(id)?.accountId);
  const account = accounts.get(owner.find((one) => one !== undefined) ?? '');
  const route = routeOf(target)?.route;
  if (!account || route?.by !== 'kid') return undefined;
  try {
    const asked = { url: ca.url(target), id, query: new URLSearchParams(), payload: undefined };
    return route.answer(ca, asked, account);
  } catch (error) {
    if (error instanceof Refusal) return refusing(error.document);
    throw error;
  }
}
