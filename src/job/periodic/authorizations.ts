/** Authorizations that are given up at their CA (RFC 8555 7.5.2): what a zone that went has shown is good for nobody after it. */
import { Fault } from '../../kit/fault.ts';
import { after, days, minutes, type Seconds } from '../../kit/time.ts';
import {
  type DueAuthorization,
  forgetAuthorizations,
  NOWHERE,
  putOffAuthorization,
  takeDueAuthorizations,
} from '../../store/authorizations.ts';
import type { JobDeps } from '../job.ts';

const MOST_AT_ONCE = 50;
/** How long whoever takes one has for it: longer than the exchanges with a CA may last. */
const TERM: Seconds = 120;
/** How often a CA is asked; who does not let go by then will not. What it holds on to stays the zone's that it was given to. */
const MOST_TRIES = 16;
const NEVER: Seconds = days(1_000);

/** Has due authorizations given up. A CA that does not let go is asked again, later each time. */
export async function deactivateDue(deps: JobDeps, signal: AbortSignal): Promise<void> {
  const { pool, clock } = deps;
  const now = clock.now();
  const due = await takeDueAuthorizations(pool, { now, until: after(now, TERM), limit: MOST_AT_ONCE });
  for (const one of due) await deactivate(deps, one, signal);
}

async function deactivate(
  { pool, clock, cas, log }: JobDeps,
  { url, tenant, ...one }: DueAuthorization,
  signal: AbortSignal,
): Promise<void> {
  if (url.startsWith(NOWHERE)) return forgetAuthorizations(pool, [url]);
  const where = { url, isAtRsaDirectory: one.isRsaDirectory, ...(tenant !== '' && { tenant }) };
  try {
    if (await cas.get(one.ca)?.deactivate(where, signal)) return await forgetAuthorizations(pool, [url]);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault)) throw error;
    log.info({ zone: one.zoneId, name: one.name, err: error }, 'an authorization is not given up yet');
  }
  await putOffAuthorization(pool, { ...one, url }, after(clock.now(), delayAfter(one.attempts)));
}

const delayAfter = (tries: number): Seconds =>
  tries < MOST_TRIES ? Math.min(minutes(1) * 2 ** tries, days(1)) : NEVER;
