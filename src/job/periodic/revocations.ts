/** Revocation of certificates at their CA (RFC 8555 7.6), apart from the life of their pack: what was asked for is done. */
import { wordsOf } from '../../kit/fault.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { retryDelay } from '../../pack/backoff.ts';
import {
  putOffRevocation,
  type Revocation,
  settleRevocation,
  takeRevocations,
} from '../../store/revocations.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import type { JobDeps } from '../job.ts';

const MOST_AT_ONCE = 50;
/** How long whoever takes one has for it: longer than the exchanges with a CA may last. */
const TERM: Seconds = 120;

/** Has due certificates revoked. What a CA refuses is tried again later, and says why. */
export async function revokeDue(deps: JobDeps, signal: AbortSignal): Promise<void> {
  const { pool, clock } = deps;
  const now = clock.now();
  const due = await takeRevocations(pool, {
    cells: EVERY_CELL,
    now,
    until: after(now, TERM),
    limit: MOST_AT_ONCE,
  });
  for (const one of due) await revoke(deps, one, signal);
}

async function revoke(deps: JobDeps, one: Revocation, signal: AbortSignal): Promise<void> {
  const { pool, clock, cas, log } = deps;
  const about = { pack: one.packId, serial: one.serial, ca: one.ca, reason: one.reason };
  try {
    const ca = cas.get(one.ca);
    if (!ca)
      return await putOff(deps, one, `${one.ca} is no longer configured here; the operator has to add it`);
    await ca.revoke(one, signal);
    await settleRevocation(pool, one, clock.now());
    log.info(about, 'certificate revoked');
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ ...about, err: error }, 'a certificate is not revoked yet');
    await putOff(deps, one, wordsOf(error));
  }
}

const putOff = ({ pool, clock }: JobDeps, one: Revocation, problem: string): Promise<void> =>
  putOffRevocation(pool, one, { problem, due: after(clock.now(), retryDelay(one.attempts)) });
