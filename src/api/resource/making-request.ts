import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import type { MakingRequest } from '../../operation/repeated.ts';
import type { Zone } from '../../store/zone-row.ts';

/**
 * A request that makes a pack: a repeat is known by its key, or by its body where the client says that it tries again. `said` is
 * all that it asks for. Throws `malformed_request` for a key of no use.
 */
export function makingRequest(asked: FastifyRequest, zone: Zone, said: object): MakingRequest {
  const key = idempotencyKeyOf(asked);
  const canonical = JSON.stringify(said, Object.keys(said).toSorted());
  const bodyHash = createHash('sha256').update(canonical).digest();
  return {
    request: { zoneId: zone.id, bodyHash, ...(key !== undefined && { key }) },
    isRetry: isRetried(asked),
  };
}

/** Whether the client says that it tries again. */
export const isRetried = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  Number(headers['x-stainless-retry-count']) > 0;

/** The header Idempotency-Key, where it was sent. Throws `malformed_request` for one of no use. */
export function idempotencyKeyOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || (typeof key === 'string' && key.length > 0 && key.length <= 255)) return key;
  const sentence = 'the header Idempotency-Key must have 1 to 255 characters';
  throw new Fault('malformed_request', sentence, { pointer: '/Idempotency-Key' });
}
