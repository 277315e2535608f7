/** What is known of a pack beside its row's fields: when it is due, and what edges showed of it. */
import type { EdgeFact } from '../pack/explanation.ts';
import type { PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { IN_ZONE, OF_PACK, packKey } from './zone-key.ts';

/** When a pack is due, whether a worker has it now, and each edge that was given it. */
interface Aside {
  readonly dueAt: Date | undefined;
  readonly isInHand: boolean;
  readonly edges: readonly EdgeFact[];
}

/** All of that; undefined: the pack is gone. */
export async function getAside(db: Db, pack: PackKey, now: Date): Promise<Aside | undefined> {
  const [due, shown] = await Promise.all([
    execute<DueRow>(db, DUE, { ...packKey(pack), now }),
    execute<ShownRow>(db, SHOWN, packKey(pack)),
  ]);
  const [row] = due.rows;
  return row && { dueAt: row.due_at ?? undefined, isInHand: row.is_in_hand, edges: shown.rows.map(toEdge) };
}

interface DueRow {
  due_at: Date | null;
  is_in_hand: boolean;
}

const DUE = statement(`
  select due_at, worker is not null and due_at > :now::timestamptz as is_in_hand
    from packs where ${IN_ZONE} and id = :pack`);

interface ShownRow {
  edge: string;
  is_shown: boolean;
  problem: string | null;
  observed_on: Date | null;
}

const toEdge = ({ edge, is_shown, problem, observed_on }: ShownRow): EdgeFact => ({
  edge,
  isShown: is_shown,
  problem: problem ?? undefined,
  seenOn: observed_on ?? undefined,
});

const SHOWN = statement(`
  select edge, problem, observed_on,
      (observed_ecdsa, observed_rsa) is not distinct from (desired_ecdsa, desired_rsa) as is_shown
    from deployments where ${OF_PACK} order by edge`);
