import type { Ca } from '../../ca/ca.ts';
import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';
import { toName } from '../../pack/hosts.ts';
import type { Algorithm, Pack } from '../../pack/pack.ts';
import { METHODS } from '../../pack/validation-method.ts';
import type { JobDeps } from '../job.ts';
import { methodOf } from './method-of.ts';

/** What is to be ordered where. */
interface Ordering {
  readonly pack: Pack;
  readonly ca: Ca;
  readonly algorithm: Algorithm;
}

/** An order is not kept waiting longer for CAA records: who answers slowly is asked again by the CA. */
const LONGEST_LOOK: Seconds = 4;

/**
 * Looks at the CAA records of a pack's hosts as the CA will (RFC 8659), before an order is spent. Throws `caa_forbids`
 * with the record to change where the CA has to refuse. What cannot be told is the CA's to find out: why, for the subscriber.
 */
export async function checkCaa(
  { precheckCaa, log }: JobDeps,
  { pack, ca, algorithm }: Ordering,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { identities, accountUri } = await ca.caaNames({ algorithm, tenant: pack.zone.accountId }, signal);
  const { challenge: method } = METHODS[methodOf(pack)];
  const question = { hosts: pack.hosts.map(toName), identities, accountUri, method };
  const limit = AbortSignal.timeout(LONGEST_LOOK * 1_000);
  try {
    const { refusal, doubts } = await precheckCaa(question, AbortSignal.any([signal, limit]));
    if (refusal !== undefined) throw new Fault('caa_forbids', `${ca.row.name} was not asked: ${refusal}`);
    return doubts;
  } catch (error) {
    if (signal.aborted || !limit.aborted || error instanceof Fault) throw error;
    log.info({ pack: pack.id }, 'CAA records took too long');
    return [];
  }
}
