/** Revocation of certificates at their CA (RFC 8555 7.6), apart from the life of their pack: what was asked for is done. */
import { PATIENCE } from '../../ca/patience.ts';
import { whyEnded } from '../../ca/revoke.ts';
import { Fault, wordsOf } from '../../kit/fault.ts';
import { after, between, hours, type Seconds } from '../../kit/time.ts';
import { retryDelay } from '../../pack/backoff.ts';
import { grantedWish } from '../../pack/granted-wish.ts';
import {
  closeRevocation,
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
    const ended = whyEnded(one.chain, clock.now());
    if (ended !== undefined) return await close(deps, one, ended);
    const ca = cas.get(one.ca);
    if (!ca)
      return await putOff(deps, one, `${one.ca} is no longer configured here; the operator has to add it`);
    const revoked = await ca.revoke(one, signal);
    if (revoked.kind === 'unknown' && between(one.askedOn, clock.now()) < PATIENCE)
      return await putOff(deps, one, `${revoked.why} where that stays so; it is asked again`);
    if (revoked.kind !== 'revoked') return await close(deps, one, revoked.why);
    await settleRevocation(pool, one, clock.now());
    log.info(about, 'certificate revoked');
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ ...about, err: error }, 'a certificate is not revoked yet');
    await putOff(deps, one, wordsOf(error), error);
  }
}

async function close({ pool, log }: JobDeps, one: Revocation, why: string): Promise<void> {
  await closeRevocation(pool, one, why);
  log.warn({ pack: one.packId, serial: one.serial, ca: one.ca, why }, 'there is nothing to revoke');
}

/** What a CA refuses is meant, mostly: it is asked less and less often, until the certificate ends. */
const MOST_BETWEEN: Seconds = hours(6);

function putOff({ pool, clock }: JobDeps, one: Revocation, problem: string, error?: unknown): Promise<void> {
  const { attempts } = one;
  const { fault, retryAfter = 0 } = error instanceof Fault ? error : {};
  const own = fault === 'ca_refused' ? Math.min(2 ** attempts, MOST_BETWEEN) : retryDelay(attempts);
  const wait = Math.max(own, grantedWish(retryAfter, attempts));
  return putOffRevocation(pool, one, { problem, due: after(clock.now(), wait) });
}
