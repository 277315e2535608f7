import type { TestContext } from 'node:test';
import type { Ca, CaOrder, CaRow } from '../../src/ca/ca.ts';
import type { JobDeps } from '../../src/job/job.ts';
import { VirtualClock } from '../../src/kit/clock.ts';
import { newUuid } from '../../src/kit/id.ts';
import { days } from '../../src/kit/time.ts';
import { opensslCa } from './openssl-ca.ts';

const ROW: CaRow = {
  name: 'lets_encrypt',
  directoryUrl: 'https://ca.test/directory',
  contact: [],
  hasAgreedToTerms: true,
  validityDays: [90],
  sendsNotAfter: false,
  allowsWildcard: true,
  allowsIdn: true,
  reusesAuthorizations: true,
  isPublic: false,
};

/**
 * A CA that validates at once and signs what it is asked to, except where `script` answers instead. Its RSA
 * orders are ready from the start. `orders` are all it made.
 */
export function scriptedCa(
  t: TestContext,
  script: Partial<Ca> = {},
  clock = new VirtualClock(),
): { readonly cas: JobDeps['cas']; readonly orders: CaOrder[]; readonly sign: (csr: Buffer) => string } {
  const { sign } = opensslCa(t, undefined, () => clock.ahead / days(1));
  const orders: CaOrder[] = [];
  const requests = new Map<string, Buffer>();
  const ca: Ca = {
    row: ROW,
    caaNames: async () => ({ identities: ['ca.test'], accountUri: 'https://ca.test/account/1' }),
    order: async ({ names, algorithm }) => {
      const order = orderFor(names, algorithm === 'rsa' ? 'valid' : 'pending');
      orders.push(order);
      return order;
    },
    look: async (order) => order,
    validate: async (order) => ({
      ...order,
      status: 'ready',
      authorizations: order.authorizations.map(toValid),
    }),
    finalize: async (order, csr) => {
      requests.set(order.url, csr);
      return { ...order, status: 'valid', certificateUrl: `${order.url}/cert` };
    },
    prove: async () => [],
    renewalWindow: async () => undefined,
    revoke: async () => undefined,
    download: async ({ url }) => sign(requests.get(url) ?? Buffer.alloc(0)),
    ...script,
  };
  return { cas: new Map([['lets_encrypt', ca]]), orders, sign };
}

const toValid = (authorization: CaOrder['authorizations'][0]) => ({
  ...authorization,
  status: 'valid' as const,
});

/** An order of one authorization for each name, with values of its own. */
export function orderFor(names: readonly string[], status: 'pending' | 'valid'): CaOrder {
  const url = `https://ca.test/order/${newUuid()}`;
  const authorizations = names.map((name, i) => ({
    url: `${url}/authz/${i}`,
    name,
    status,
    challengeUrl: `${url}/challenge/${i}`,
    txtName: `_acme-challenge.${name.replace('*.', '')}`,
    txtValue: newUuid(),
  }));
  return {
    url,
    status: status === 'valid' ? 'ready' : 'pending',
    finalizeUrl: `${url}/finalize`,
    authorizations,
  };
}
