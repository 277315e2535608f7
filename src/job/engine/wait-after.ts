/** When a step that failed is tried again. */
import { FAULTS, Fault, type FaultName } from '../../kit/fault.ts';
import { days, type Seconds } from '../../kit/time.ts';
import { retryDelay } from '../../pack/backoff.ts';
import { grantedWish } from '../../pack/granted-wish.ts';
import type { Run } from '../../pack/pack.ts';

/** When a failed step is tried again: later each time, and not before whoever failed wants to be asked. */
export function waitAfter(error: unknown, { attempts }: Pick<Run, 'attempts'>): Seconds {
  if (!(error instanceof Fault)) return retryDelay(attempts);
  const wish = error.retryAfter ?? 0;
  // Our own ledger knows until when there is a limit.
  const asked = error.fault === 'ca_limited' ? Math.min(wish, LONGEST_WAIT) : grantedWish(wish, attempts);
  const own = FAULTS[error.fault].retry === 'never' ? NEVER_WAIT : retryDelay(attempts);
  const least = Math.min((LEAST_WAIT[error.fault] ?? 0) * 2 ** attempts, MOST_OF_LEAST);
  return Math.max(asked, own, least);
}

/** A CA that answered, and not as wished, is asked again later each time: orders are limited, and a refusal is mostly meant. */
const LEAST_WAIT: Readonly<Partial<Record<FaultName, Seconds>>> = { ca_refused: 60, ca_wrong_answer: 5 };
const MOST_OF_LEAST: Seconds = 600;

const LONGEST_WAIT = days(1);

/** Seconds until work is looked at again that only the operator or the subscriber can mend. */
const NEVER_WAIT: Seconds = 3_600;
