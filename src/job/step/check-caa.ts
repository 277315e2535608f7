import type { Ca } from '../../ca/ca.ts';
import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';
import type { NewEvidence } from '../../pack/found.ts';
import { toName } from '../../pack/hosts.ts';
import type { Algorithm, Pack } from '../../pack/pack.ts';
import { METHODS } from '../../pack/validation-method.ts';
import type { CaaCheck, CaaQuestion } from '../../validation/validation.ts';
import type { JobDeps } from '../job.ts';
import { methodOf } from './method-of.ts';

/** Which name servers answered with the records that keep a CA from issuing. */
export class CaaSeen {
  readonly evidence: readonly NewEvidence[];

  constructor(seen: NonNullable<CaaCheck['seen']>) {
    this.evidence = seen.map(({ server, owner, records }) => ({
      by: 'name_server',
      who: server,
      about: owner,
      said: records.join(', '),
    }));
  }
}

/** What is to be ordered where. */
interface Ordering {
  readonly pack: Pack;
  readonly ca: Ca;
  readonly algorithm: Algorithm;
}

/** An order is not kept waiting longer for CAA records: who answers slowly is asked again by the CA. */
const LONGEST_LOOK: Seconds = 4;

/** Control of the branded name is shown by TXT, whatever the method of the pack. */
function questionsOf({ hosts, brandedAs, ...pack }: Pack): Pick<CaaQuestion, 'hosts' | 'method'>[] {
  const own = { hosts: hosts.map(toName), method: METHODS[methodOf(pack)].challenge };
  return brandedAs === undefined ? [own] : [own, { hosts: [brandedAs], method: METHODS.txt.challenge }];
}

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
  const limit = AbortSignal.timeout(LONGEST_LOOK * 1_000);
  const look = (asked: Pick<CaaQuestion, 'hosts' | 'method'>) =>
    precheckCaa({ ...asked, identities, accountUri }, AbortSignal.any([signal, limit]));
  try {
    const seen = await Promise.all(questionsOf(pack).map(look));
    const refusals = seen.flatMap(({ refusal }) => refusal ?? []);
    if (refusals.length > 0)
      throw new Fault('caa_forbids', `${ca.row.name} was not asked: ${refusals.join('; also, ')}`, {
        cause: new CaaSeen(seen.flatMap((one) => one.seen ?? [])),
      });
    return seen.flatMap(({ doubts }) => doubts);
  } catch (error) {
    if (signal.aborted || !limit.aborted || error instanceof Fault) throw error;
    log.info({ pack: pack.id }, 'CAA records took too long');
    return [];
  }
}
