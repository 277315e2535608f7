/** For tests: a small ACME CA in this process, which validates nothing and can be told to misbehave. */
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { CaAccount, CaAccounts } from '../../src/ca/ca.ts';
import { opensslCa } from './openssl-ca.ts';
import {
  directoryOf,
  refusing,
  type Said,
  type Script,
  type Seen,
  scriptedServer,
} from './scripted-server.ts';

interface SmallOrder {
  status: string;
  names: readonly string[];
  authorizations: string[];
  certificate?: string;
  error?: unknown;
}

interface Options {
  /** Asked first: what it answers stands; `taken` where it writes to the response itself; undefined for the usual answer. */
  readonly before?: (seen: Seen, response: ServerResponse) => Said | 'taken' | undefined;
  /** Status of an authorization once its challenge is answered; `valid` unless told. */
  readonly verdict?: (name: string) => 'valid' | 'invalid' | 'pending';
  readonly meta?: Record<string, unknown>;
  /** Whether its own certificate comes with the leaf. */
  readonly isChained?: boolean;
}

/** A running CA, and what was asked of it. */
export interface SmallCa {
  readonly directory: string;
  readonly requests: string[];
  readonly orders: SmallOrder[];
  readonly pem: string;
}

/** The CA. Orders are ready as soon as their challenges are answered, and valid one look after finalizing. */
export async function smallCa(t: TestContext, options: Options = {}): Promise<SmallCa> {
  const issuer = opensslCa(t);
  const orders: SmallOrder[] = [];
  const usual: Script = (seen) => {
    const [, what = '', n = '', i = ''] = seen.path.split('/');
    const order = orders[Number(n)];
    const step = STEPS[what];
    if (!step) return {};
    if (!order && !['directory', 'nonce', 'account', 'order'].includes(what))
      return refusing(404, 'malformed', 'no such order');
    return step({
      url: server.url,
      orders,
      order: order ?? NO_ORDER,
      n,
      i: Number(i),
      seen,
      options,
      sign: (csr) => issuer.sign(csr) + (options.isChained ? issuer.pem : ''),
    });
  };
  const server = await scriptedServer(t, (seen, response) => {
    const said = options.before?.(seen, response) ?? usual(seen, response);
    return said === 'taken' ? undefined : said;
  });
  return { directory: `${server.url}/directory`, requests: server.requests, orders, pem: issuer.pem };
}

const NO_ORDER: SmallOrder = { status: 'invalid', names: [], authorizations: [] };

interface Step {
  readonly url: string;
  readonly orders: SmallOrder[];
  readonly order: SmallOrder;
  readonly n: string;
  readonly i: number;
  readonly seen: Seen;
  readonly options: Options;
  readonly sign: (csr: Buffer) => string;
}

const STEPS: Readonly<Record<string, (step: Step) => Said>> = {
  directory: ({ url, options }) => ({ body: directoryOf(url, options.meta) }),
  account: ({ orders }) => ({
    status: 201,
    headers: { location: `/account/${orders.length + 1}` },
    body: {},
  }),
  order: ({ url, orders, seen }) => {
    const names = namesIn(seen.payload?.['identifiers']);
    const order = { status: 'pending', names, authorizations: names.map(() => 'pending') };
    const n = orders.push(order) - 1;
    return { ...orderSaid(url, n, order), status: 201 };
  },
  orders: ({ url, n, order }) => orderSaid(url, Number(n), order),
  authz: ({ url, n, i, order }) => ({ body: authorizationOf(url, order, Number(n), i) }),
  chall: ({ url, n, i, order, options }) => {
    if (order.authorizations[i] !== 'pending') return refusing(400, 'malformed', 'not pending');
    order.authorizations[i] = options.verdict?.(order.names[i] ?? '') ?? 'valid';
    if (order.authorizations.every((status) => status === 'valid')) order.status = 'ready';
    if (order.authorizations.includes('invalid')) order.status = 'invalid';
    return { body: challengeOf(url, order, Number(n), i) };
  },
  finalize: ({ url, n, order, seen, sign }) => {
    if (order.status !== 'ready') return refusing(403, 'orderNotReady');
    order.certificate = sign(Buffer.from(String(seen.payload?.['csr']), 'base64url'));
    order.status = 'processing';
    const said = orderSaid(url, Number(n), order);
    order.status = 'valid';
    return said;
  },
  cert: ({ order }) => ({
    headers: { 'content-type': 'application/pem-certificate-chain' },
    body: order.certificate ?? '',
  }),
};

const namesIn = (identifiers: unknown): string[] =>
  Array.isArray(identifiers) ? identifiers.map(({ value }) => String(value)) : [];

const orderSaid = (url: string, n: number, order: SmallOrder): Said => ({
  headers: { location: `${url}/orders/${n}` },
  body: {
    status: order.status,
    expires: '2099-01-01T00:00:00Z',
    identifiers: order.names.map((value) => ({ type: 'dns', value })),
    authorizations: order.names.map((_, i) => `${url}/authz/${n}/${i}`),
    finalize: `${url}/finalize/${n}`,
    ...(order.status === 'valid' && { certificate: `${url}/cert/${n}` }),
    ...(order.error !== undefined && { error: order.error }),
  },
});

const authorizationOf = (url: string, order: SmallOrder, n: number, i: number) => ({
  status: order.authorizations[i],
  identifier: { type: 'dns', value: order.names[i]?.replace('*.', '') },
  ...(order.names[i]?.startsWith('*.') && { wildcard: true }),
  challenges: [challengeOf(url, order, n, i)],
});

function challengeOf(url: string, order: SmallOrder, n: number, i: number) {
  const status = order.authorizations[i];
  const error = {
    type: 'urn:ietf:params:acme:error:incorrectResponse',
    detail: `wrong value for ${order.names[i]}`,
  };
  return {
    type: 'dns-01',
    url: `${url}/chall/${n}/${i}`,
    token: `token-${n}-${i}`,
    status,
    ...(status === 'invalid' && { error }),
  };
}

/** Accounts kept in memory. */
export function memoryAccounts(): CaAccounts & { readonly kept: Map<string, CaAccount> } {
  const kept = new Map<string, CaAccount>();
  return {
    kept,
    get: (ca, directoryUrl) => Promise.resolve(kept.get(`${ca} ${directoryUrl}`)),
    save: (ca, directoryUrl, account) => {
      const first = kept.get(`${ca} ${directoryUrl}`) ?? account;
      kept.set(`${ca} ${directoryUrl}`, first);
      return Promise.resolve(first);
    },
  };
}
