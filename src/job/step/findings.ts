/** What holds a pack up, as it is kept beside the words for it: see `src/pack/found.ts`. */
import type { CaOrder } from '../../ca/ca.ts';
import { moverOf } from '../../ca/next-step.ts';
import { Fault } from '../../kit/fault.ts';
import type { Work } from '../../operation/work.ts';
import {
  causeOf,
  type Finding,
  type Mover,
  type NewEvidence,
  SITUATIONS,
  type Situation,
} from '../../pack/found.ts';
import { toName, withoutWildcard } from '../../pack/hosts.ts';
import { BOUNDS_IN_WORDS } from '../../pack/reorder-bound.ts';
import { halvesOf } from '../../pack/subscriber-message.ts';
import { isAnsweredHere } from '../../pack/type.ts';
import { CaaSeen } from './check-caa.ts';
import type { Prechecked } from './precheck.ts';

/** Records that were looked for in vain: what each server said. */
export function unseenFinding({ pack }: Pick<Work, 'pack'>, unseen: readonly Prechecked[]): Finding {
  const isOurs = isAnsweredHere(pack) && pack.zone.status === 'active';
  const evidence = unseen.flatMap(({ witnesses }) => witnesses);
  // The domain below which the branded name is has to lead to our name servers.
  if (unseen.every(({ isBranded }) => isBranded))
    return { cause: 'own_records_unseen', whose: 'operator', evidence };
  const situation = unseen.map((one) => one.situation).find((one) => one !== undefined);
  if (situation)
    return { cause: isOurs ? 'own_records_unseen' : 'records_unseen', ...moved(situation), evidence };
  return { cause: isOurs ? 'own_records_unseen' : 'records_unseen', evidence };
}

/** A situation of the host is its owner's to mend, also where our name servers show the records. */
const moved = (situation: Situation): Pick<Finding, 'situation' | 'whose'> => ({
  situation,
  whose: SITUATIONS[situation],
});

/** An order that waits for its CA, in the words in which that is told. */
export function waitingFinding(
  ca: string,
  { oddity, method, status, authorizations }: CaOrder,
  told: readonly string[],
): Finding {
  const about = authorizations
    .map(({ name }) => name)
    .slice(0, 3)
    .join(', ');
  const evidence = told.map((said): NewEvidence => ({ by: 'ca', who: ca, about, said }));
  if (oddity?.why.includes(BOUNDS_IN_WORDS)) return { cause: 'another_ordered_later', evidence };
  if (oddity) return { cause: 'ca_odd', evidence };
  return { cause: method === 'email' && status === 'pending' ? 'mail_unanswered' : 'ca_busy', evidence };
}

/** A CA that refused, in its words and ours: control that it did not see, or to issue. */
export function refusedFinding(
  ca: string,
  cause: 'validation_refused' | 'ca_refused',
  told: readonly string[],
): Finding {
  const about = cause === 'validation_refused' ? 'control of the hosts' : 'the certificate';
  // What we saw ourselves stands among them.
  const refusals = told.filter((one) => one.startsWith(`${ca} refused`));
  return {
    cause,
    whose: moverAfter(refusals),
    evidence: refusals.map((said): NewEvidence => ({ by: 'ca', who: ca, about, said: halvesOf(said).what })),
  };
}

/** Whose move the first refusal makes it that says so. */
const moverAfter = (told: readonly string[]): Mover | undefined =>
  told.map(moverOf).find((whose) => whose !== undefined);

/** A step that failed. Of what is not foreseen nothing is told: nobody knows what it holds. */
export function failureFinding(error: unknown, { run, pack }: Pick<Work, 'run' | 'pack'>): Finding {
  if (!(error instanceof Fault)) return { cause: 'internal' };
  const cause = causeOf(error.fault);
  if (error.cause instanceof CaaSeen)
    return { cause, ...caaAbove(error.cause, pack), evidence: error.cause.evidence };
  const { certificateAuthority: ca } = run;
  if (ca === undefined || !ANSWERED.has(error.fault)) return { cause };
  const about = pack.hosts.slice(0, 3).join(', ');
  const whose = error.fault === 'ca_unreachable' ? undefined : moverOf(error.message);
  return { cause, whose, evidence: [{ by: 'ca', who: ca, about, said: halvesOf(error.message).what }] };
}

/** Whether the records that forbid it stand above a host, where whoever looks after the host may not know of them. */
function caaAbove({ evidence }: CaaSeen, { hosts }: Work['pack']): Pick<Finding, 'situation'> {
  const names = hosts.map((host) => withoutWildcard(toName(host)));
  return evidence.some(({ about }) => names.includes(about)) ? {} : { situation: 'caa_at_parent' };
}

/** Faults by which a CA answered, or did not. */
const ANSWERED: ReadonlySet<string> = new Set(['ca_unreachable', 'ca_refused', 'ca_wrong_answer']);
