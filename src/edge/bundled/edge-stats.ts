import { OUTCOMES, type PullOutcome } from '../pull/pull-client.ts';
import { Tally } from '../tally.ts';
import { PROTOCOLS } from './alpn.ts';
import { FAILURES, type HandshakeFailure, REFUSALS, type Refusal } from './handshake-failure.ts';
import { PLAIN_ANSWERS, type PlainAnswer } from './http-01-server.ts';

/** Counts since the start, and what there is now. */
export interface BundledEdgeStats {
  /** Connections that came in to shake hands. */
  readonly accepted: number;
  readonly handshakes: number;
  /** Those among them that took a session up again, in which no certificate is shown. */
  readonly resumed: number;
  /** Handshakes by what they agreed on by ALPN. */
  readonly protocols: Readonly<Record<(typeof PROTOCOLS)[number], number>>;
  /** Connections that were turned away by an alert: no name at an address that stands for none, an unknown one, or the service out of reach. */
  readonly refused: number;
  readonly refusals: Readonly<Record<Refusal, number>>;
  /** Connections that came to no handshake for any other reason. */
  readonly failed: number;
  readonly failures: Readonly<Record<HandshakeFailure, number>>;
  readonly connections: number;
  /** Clients that they are of: an address of IPv4, a /64 of IPv6. */
  readonly clients: number;
  readonly halfOpen: number;
  /** Names whose certificates are in memory. */
  readonly names: number;
  readonly unknownNames: number;
  /** What the service was asked for and what came of it. */
  readonly pulls: {
    readonly certificates: Readonly<Record<PullOutcome, number>>;
    readonly files: Readonly<Record<PullOutcome, number>>;
  };
  /** Answers over plain HTTP. */
  readonly plainAnswers: Readonly<Record<PlainAnswer, number>>;
  /** Connections to the upstream that failed. */
  readonly upstreamFailures: number;
  /** Lines of the access log that were written, and those that were not because there were too many. */
  readonly accessLog: { readonly lines: number; readonly dropped: number };
  /** Lines of changes that the service has told; one line may tell of many. */
  readonly changes: number;
  /** Whether changes are followed now; without it what is in memory is asked for again at each use. */
  readonly isLive: boolean;
}

/**
 * What edges that are one to the outside counted together: those that run, and those that ended, of which only what was counted since
 * their start is left.
 */
export function sumOfStats(
  running: readonly BundledEdgeStats[],
  ...ended: readonly (BundledEdgeStats | undefined)[]
): BundledEdgeStats {
  const gone = ended.filter((one) => one !== undefined).map((one) => ({ ...one, ...NOTHING_NOW }));
  const sum = [...running, ...gone].reduce(added, NOTHING);
  return { ...sum, isLive: running.length > 0 && running.every(({ isLive }) => isLive) };
}

const NOTHING_NOW = { connections: 0, clients: 0, halfOpen: 0, names: 0, unknownNames: 0 } as const;

const NOTHING: BundledEdgeStats = {
  ...NOTHING_NOW,
  accepted: 0,
  handshakes: 0,
  resumed: 0,
  refused: 0,
  failed: 0,
  upstreamFailures: 0,
  changes: 0,
  protocols: new Tally(PROTOCOLS).counts,
  refusals: new Tally(REFUSALS).counts,
  failures: new Tally(FAILURES).counts,
  pulls: { certificates: new Tally(OUTCOMES).counts, files: new Tally(OUTCOMES).counts },
  plainAnswers: new Tally(PLAIN_ANSWERS).counts,
  accessLog: { lines: 0, dropped: 0 },
  isLive: true,
};

function added(a: BundledEdgeStats, b: BundledEdgeStats): BundledEdgeStats {
  return {
    accepted: a.accepted + b.accepted,
    handshakes: a.handshakes + b.handshakes,
    resumed: a.resumed + b.resumed,
    protocols: addedEach(a.protocols, b.protocols),
    refused: a.refused + b.refused,
    refusals: addedEach(a.refusals, b.refusals),
    failed: a.failed + b.failed,
    failures: addedEach(a.failures, b.failures),
    connections: a.connections + b.connections,
    clients: a.clients + b.clients,
    halfOpen: a.halfOpen + b.halfOpen,
    names: a.names + b.names,
    unknownNames: a.unknownNames + b.unknownNames,
    pulls: {
      certificates: addedEach(a.pulls.certificates, b.pulls.certificates),
      files: addedEach(a.pulls.files, b.pulls.files),
    },
    plainAnswers: addedEach(a.plainAnswers, b.plainAnswers),
    upstreamFailures: a.upstreamFailures + b.upstreamFailures,
    accessLog: addedEach(a.accessLog, b.accessLog),
    changes: a.changes + b.changes,
    isLive: a.isLive && b.isLive,
  };
}

function addedEach<K extends string>(a: Readonly<Record<K, number>>, b: Readonly<Record<K, number>>) {
  const sum: Record<K, number> = { ...a };
  for (const key in sum) sum[key] += b[key] ?? 0;
  return sum;
}
