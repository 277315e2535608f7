import { createHash, createHmac } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { KeyedRequest } from '../../store/account-requests.ts';
import { idempotencyKeyOf } from './making-request.ts';

/**
 * A request that makes something of an account, where it has an Idempotency-Key; `resource` says what. Bodies have secrets that may
 * be short: what is kept of them can be tried by nobody who does not have the key. Throws `malformed_request` for a key of no use.
 */
export function keyedRequest(
  request: FastifyRequest,
  accountId: string,
  resource: string,
): KeyedRequest | undefined {
  const key = idempotencyKeyOf(request);
  if (key === undefined) return undefined;
  const keyHash = createHash('sha256').update(`${accountId} ${key}`).digest();
  const bodyMac = createHmac('sha256', key)
    .update(`${resource} ${canonical(request.body)}`)
    .digest();
  return { accountId, keyHash, bodyMac };
}

/** JSON in which the order of names says nothing. */
const canonical = (body: unknown): string =>
  JSON.stringify(body, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
