import { printable } from '../kit/unprintable.ts';
import { TLS_SETTINGS } from '../pack/hostname-tls.ts';
import { type EdgeReport, putReport } from '../store/edge-agents.ts';
import {
  type EdgeKey,
  type HeardPack,
  listTold,
  noteProofs,
  noteReleased,
  wakePacks,
} from '../store/edge-packs.ts';
import { repeated } from '../store/store.ts';
import type { EdgeDeps } from './edge-event.ts';

/** What an agent says of its edge. */
export interface AgentReport extends Omit<EdgeReport, 'tlsSettings'> {
  readonly proofs: readonly {
    readonly packId: string;
    readonly ecdsa?: string | undefined;
    readonly rsa?: string | undefined;
    readonly problem?: string | undefined;
  }[];
  /** Settings of custom hostnames that it applies, some of which we may not know; undefined: it did not say. */
  readonly tlsSettings?: readonly string[] | undefined;
  /** Ids of packs that it has no more. */
  readonly released: readonly string[];
}

/**
 * Writes down what an agent says, of packs that its edge was told of; what a job waits for is due at once. Those packs. Statements of
 * their own, which say the same when they are run again: a pack whose call is lost is looked at in its turn.
 */
export async function noteReport(
  { pool, clock }: EdgeDeps,
  edge: EdgeKey,
  { proofs, released, ...report }: AgentReport,
): Promise<readonly string[]> {
  const now = clock.now();
  const told = new Map(
    (await listTold(pool, edge, [...proofs.map(({ packId }) => packId), ...released])).map((pack) => [
      pack.id,
      pack,
    ]),
  );
  const said = proofs.flatMap(({ packId, ecdsa, rsa, problem }) => {
    const pack = told.get(packId);
    return pack ? [{ ...pack, ecdsa, rsa, problem: plainWords(problem) }] : [];
  });
  const gone = released.flatMap((id) => told.get(id) ?? []);
  const heard: HeardPack[] = [
    ...(await repeated(pool, () => noteProofs(pool, edge, said, now))),
    ...(await repeated(pool, () => noteReleased(pool, edge, gone, now))),
  ];
  const tlsSettings = report.tlsSettings && TLS_SETTINGS.filter((one) => report.tlsSettings?.includes(one));
  await putReport(pool, edge.id, { ...report, tlsSettings, problem: plainWords(report.problem) }, now);
  const awaited = heard.filter(({ isAwaited }) => isAwaited);
  await repeated(pool, () => wakePacks(pool, awaited, now));
  return awaited.map(({ id }) => id);
}

const MOST_WORDS = 1_000;

/** What is shown to people, and can be stored: an agent may say anything. */
const plainWords = (problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : printable(problem).slice(0, MOST_WORDS);
