/**
 * What a worker takes a pack through: its own life, or a renewal beside it. One row for each kind of run says when there
 * is one, what the pack is after a step of it, and where its certificates are kept meanwhile.
 */
import { isDeploying, isKept, isServed, next, type PackEvent } from './lifecycle.ts';
import type { Pack, Run, RunKind } from './pack.ts';
import { isOver } from './renewal.ts';
import { isOpen } from './zone-life.ts';

/** What a kind of run means. */
export interface RunRules {
  /** The run of a pack, where one of this kind is under way at `now`. */
  readonly of: (pack: Pack, now: Date) => Run | undefined;
  /** The pack after a step that led the run to where it is. */
  readonly settle: (pack: Pack, run: Run) => Pack;
  /** What happens to it once it has all its certificates. */
  readonly issued: (pack: Pack) => PackEvent;
  /** Whether its certificates are kept beside those of the pack, and take their place where it comes to be served. */
  readonly isAside: boolean;
  /** Whether its CA is told that its orders replace the certificates that the pack has (RFC 9773 5): it issued these. */
  readonly isReplacing: boolean;
}

/** The kinds of runs, that of the pack itself last: it is what there is where no other is under way. */
export const RUNS: Readonly<Record<RunKind, RunRules>> = {
  renewal: { of: renewalOf, settle: settleRenewal, issued: toEdges, isAside: true, isReplacing: true },
  life: { of: lifeOf, settle: settleLife, issued: fromOrder, isAside: false, isReplacing: false },
};

/** What a worker does next for a pack. */
export function runOf(pack: Pack, now: Date): Run {
  for (const { of } of Object.values(RUNS)) {
    const run = of(pack, now);
    if (run) return run;
  }
  return lifeOf(pack);
}

/** What a pack itself goes through. */
export function lifeOf(pack: Pack): Run {
  const { status, statusSince, attempts, certificateAuthority, certificates, driftedOn } = pack;
  return { kind: 'life', status, statusSince, attempts, certificateAuthority, certificates, driftedOn };
}

function settleLife(pack: Pack, { status, statusSince, attempts, certificates }: Run): Pack {
  const isShown = pack.driftedOn !== undefined && !isDeploying(status);
  return { ...pack, status, statusSince, attempts, certificates, ...(isShown && { driftedOn: undefined }) };
}

/** What comes new to the edges waits while its zone is not active, or paused; what is renewed is served already. */
function unlessHeld(pack: Pack): PackEvent {
  return isOpen(pack.zone) ? toEdges(pack) : 'hold';
}

/** It goes to the edges of the pack's environment. */
function toEdges({ environment }: Pack): PackEvent {
  return environment === 'staging' ? 'stage' : 'done';
}

/** A backup is held off the edges; an ordered pack that was replaced meanwhile is taken off by the same way as any. */
function fromOrder(pack: Pack): PackEvent {
  return pack.pair?.role === 'backup' && pack.pair.isStandby ? 'back_up' : unlessHeld(pack);
}

/** A renewal goes on while the pack is served, by some edges at least, or stands by; at the end of its certificates the pack's own life goes first. */
function renewalOf(pack: Pack, now: Date): Run | undefined {
  const isRenewed = isServed(pack.status) || pack.driftedOn || (isKept(pack.status) && pack.pair?.isStandby);
  return isRenewed && !isOver(pack, now) ? pack.renewal?.run : undefined;
}

/** It ends where it is served, or kept: its certificates are the pack's then. */
function settleRenewal(pack: Pack, run: Run): Pack {
  if (!isKept(run.status)) return { ...pack, renewal: { at: pack.modifiedOn, ...pack.renewal, run } };
  const { certificates, statusSince } = run;
  return { ...pack, ...renewedStatus(pack, statusSince), certificates, attempts: 0, renewal: undefined };
}

/** A pack that was given up is served again by its new certificates; on staging edges that is shown anew. */
function renewedStatus({ status, environment }: Pack, statusSince: Date): Partial<Pack> {
  if (status !== 'pending_expiration') return {};
  return { status: next(status, environment === 'staging' ? 'stage' : 'renewed'), statusSince };
}
