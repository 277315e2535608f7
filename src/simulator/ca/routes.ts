import { onAccount, onNewAccount } from './accounts.ts';
import { onAuthorization } from './authorizations.ts';
import { onCertificate } from './certificates.ts';
import { onChallenge } from './challenges.ts';
import type { Answer, CaContext, Signed } from './context.ts';
import { onFinalize } from './finalize.ts';
import { onKeyChange } from './key-change.ts';
import type { Jwk } from './keys.ts';
import type { Account } from './ledger.ts';
import { onNewOrder, onOrder, onOrders } from './orders.ts';
import { onRevoke } from './revocations.ts';

/** A resource that is asked by an account. */
type ByAccount = (ca: CaContext, request: Signed, account: Account) => Answer | Promise<Answer>;

/**
 * How a resource is asked: by the key itself (`jwk`), by an account (`kid`, RFC 8555 6.2), or by either. One that takes
 * `read` is asked by POST-as-GET alone, one that takes `write` with a payload alone.
 */
type Signer = { readonly account: Account } | { readonly jwk: Jwk };

type Route =
  | { readonly by: 'jwk'; readonly answer: (ca: CaContext, request: Signed, jwk: Jwk) => Answer }
  | {
      readonly by: 'either';
      readonly answer: (ca: CaContext, request: Signed, signer: Signer) => Answer;
    }
  | { readonly by: 'kid'; readonly takes: 'read' | 'write' | 'both'; readonly answer: ByAccount };

/** Every resource below /acme/, by its path without the id. */
const ROUTES: Readonly<Record<string, Route>> = {
  'new-account': { by: 'jwk', answer: onNewAccount },
  'new-order': { by: 'kid', takes: 'write', answer: onNewOrder },
  'revoke-cert': { by: 'either', answer: onRevoke },
  'key-change': { by: 'kid', takes: 'write', answer: onKeyChange },
  account: { by: 'kid', takes: 'both', answer: onAccount },
  'account/orders': { by: 'kid', takes: 'read', answer: onOrders },
  order: { by: 'kid', takes: 'read', answer: onOrder },
  'order/finalize': { by: 'kid', takes: 'write', answer: onFinalize },
  authorization: { by: 'kid', takes: 'both', answer: onAuthorization },
  challenge: { by: 'kid', takes: 'both', answer: onChallenge('dns-01') },
  'email-challenge': { by: 'kid', takes: 'both', answer: onChallenge('x-email-01') },
  'http-challenge': { by: 'kid', takes: 'both', answer: onChallenge('http-01') },
  certificate: { by: 'kid', takes: 'read', answer: onCertificate },
};

/** The route and the id in a path: /acme/order/ID/finalize is `order/finalize`. */
export function routeOf(path: string): { readonly route: Route; readonly id: string } | undefined {
  const [, prefix, resource = '', id = '', ...rest] = path.split('/');
  const name = [resource, ...rest].join('/');
  const route = prefix === 'acme' && Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  return route && { route, id };
}
