/** What edges with agents were told and given of packs, and what their agents reported of them. */
import type { PackKey } from '../pack/pack.ts';
import type { ServedLeaves } from './served-names.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { cellsOf, inCells, OF_PACK, packKey } from './zone-key.ts';

/** An edge as its packs are found. */
export interface EdgeKey {
  readonly id: string;
  readonly name: string;
}

/** A pack, and whether a job waits for word of it. */
export interface HeardPack extends PackKey {
  readonly isAwaited: boolean;
}

/** Values for many packs of one edge. */
function valuesFor(edge: EdgeKey, packs: readonly PackKey[]) {
  const zones = packs.map(({ zone }) => zone.id);
  return { ...cellsOf(zones), zones, packs: packs.map(({ id }) => id), edge: edge.name, edge_id: edge.id };
}

const ASKED = 'unnest(:own::smallint[], :zones::text[], :packs::uuid[])';
const THESE = `${inCells('one')} and one.cell = asked.cell and one.zone_id = asked.zone_id and one.pack_id = asked.id
    and one.edge = :edge`;

/** Notes that an edge is told of packs that serve names there, with their leaves. Those that cover nothing any more are left out. */
export async function noteTold(
  db: Db,
  edge: EdgeKey,
  told: readonly (PackKey & { readonly leaves: ServedLeaves })[],
): Promise<void> {
  if (told.length === 0) return;
  const ecdsa = told.map(({ leaves }) => leaves.ecdsa ?? null);
  await execute(db, TELL, {
    ...valuesFor(edge, told),
    ecdsa,
    rsa: told.map(({ leaves }) => leaves.rsa ?? null),
  });
}

const TELL = statement(`
  insert into deployments (cell, zone_id, pack_id, edge, edge_id, desired_ecdsa, desired_rsa)
  select asked.cell, asked.zone_id, asked.id, :edge, :edge_id, asked.ecdsa, asked.rsa
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[], :ecdsa::text[], :rsa::text[])
      as asked (cell, zone_id, id, ecdsa, rsa)
    join packs on ${inCells('packs')} and packs.cell = asked.cell and packs.zone_id = asked.zone_id and packs.id = asked.id
   where exists (select from served_hosts
                  where ${inCells('served_hosts')} and served_hosts.cell = asked.cell
                    and served_hosts.zone_id = asked.zone_id and served_hosts.pack_id = asked.id)
   order by asked.cell, asked.zone_id, asked.id
  on conflict (cell, zone_id, pack_id, edge) do update set edge_id = excluded.edge_id
   where deployments.edge_id is distinct from excluded.edge_id`);

/** Notes that an edge is given packs, before it is: those of them that it may have, as they are not being withdrawn. */
export async function noteGiven(
  db: Db,
  edge: EdgeKey,
  packs: readonly PackKey[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const { rows } = await execute<{ pack_id: string }>(db, GIVE, { ...valuesFor(edge, packs), now });
  return new Set(rows.map(({ pack_id }) => pack_id));
}

const GIVE = statement(`
  update deployments as one set given_on = case when reported_on is null then :now else coalesce(given_on, :now) end
    from ${ASKED} as asked (cell, zone_id, id)
   where ${THESE} and not (one.desired_ecdsa is null and one.desired_rsa is null) returning one.pack_id`);

/** The packs of these ids of which an edge was told. */
export async function listTold(db: Db, edge: EdgeKey, ids: readonly string[]): Promise<PackKey[]> {
  const { rows } = await execute<{ zone_id: string; pack_id: string }>(db, TOLD, { edge_id: edge.id, ids });
  return rows.map(toKey);
}

const toKey = (row: { readonly zone_id: string; readonly pack_id: string }): PackKey => ({
  id: row.pack_id,
  zone: { id: row.zone_id },
});

const TOLD = statement(
  'select zone_id, pack_id from deployments where edge_id = :edge_id and pack_id = any(:ids::uuid[])',
);

/** What an agent said of a pack. */
export interface SaidOfPack extends PackKey {
  readonly ecdsa: string | undefined;
  readonly rsa: string | undefined;
  readonly problem: string | undefined;
}

interface HeardRow {
  zone_id: string;
  pack_id: string;
  is_awaited: boolean;
}

const toHeard = (row: HeardRow): HeardPack => ({ ...toKey(row), isAwaited: row.is_awaited });

const AWAITED = `one.problem is not null or one.desired_ecdsa is null and one.desired_rsa is null as is_awaited`;

/** Writes down what an agent's handshakes showed. */
export async function noteProofs(
  db: Db,
  edge: EdgeKey,
  said: readonly SaidOfPack[],
  now: Date,
): Promise<HeardPack[]> {
  if (said.length === 0) return [];
  const values = {
    ecdsa: said.map(({ ecdsa }) => ecdsa ?? null),
    rsa: said.map(({ rsa }) => rsa ?? null),
    problems: said.map(({ problem }) => problem ?? null),
  };
  const { rows } = await execute<HeardRow>(db, PROVE, { ...valuesFor(edge, said), ...values, now });
  return rows.map(toHeard);
}

const PROVE = statement(`
  update deployments as one
     set reported_ecdsa = asked.ecdsa, reported_rsa = asked.rsa, reported_problem = asked.problem, reported_on = :now
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[], :ecdsa::text[], :rsa::text[], :problems::text[])
      as asked (cell, zone_id, id, ecdsa, rsa, problem)
   where ${THESE} returning one.zone_id, one.pack_id, ${AWAITED}`);

/** Writes down that an edge has packs no more. */
export async function noteReleased(
  db: Db,
  edge: EdgeKey,
  packs: readonly PackKey[],
  now: Date,
): Promise<HeardPack[]> {
  if (packs.length === 0) return [];
  const { rows } = await execute<HeardRow>(db, RELEASE, { ...valuesFor(edge, packs), now });
  return rows.map(toHeard);
}

const RELEASE = statement(`
  update deployments as one
     set reported_ecdsa = null, reported_rsa = null, reported_problem = null, reported_on = :now, given_on = null
    from ${ASKED} as asked (cell, zone_id, id)
   where ${THESE} returning one.zone_id, one.pack_id, ${AWAITED}`);

/** Makes packs due that wait for their next look, and are in nobody's hands. */
export async function wakePacks(db: Db, packs: readonly PackKey[], now: Date): Promise<void> {
  if (packs.length === 0) return;
  const zones = packs.map(({ zone }) => zone.id);
  await execute(db, WAKE, { ...cellsOf(zones), zones, packs: packs.map(({ id }) => id), now });
}

const WAKE = statement(`
  update packs set due_at = :now from ${ASKED} as asked (cell, zone_id, id)
   where ${inCells('packs')} and packs.cell = asked.cell and packs.zone_id = asked.zone_id and packs.id = asked.id
     and packs.due_at > :now and packs.worker is null`);

/** What an edge's agent reported of a pack. */
export interface AgentWord {
  readonly edge: string;
  /** Whether the edge has keys of the pack, as far as is known. */
  readonly isGiven: boolean;
  readonly ecdsa: string | undefined;
  readonly rsa: string | undefined;
  readonly problem: string | undefined;
  /** Undefined: nothing yet. */
  readonly on: Date | undefined;
}

interface WordRow {
  edge: string;
  is_given: boolean;
  reported_ecdsa: string | null;
  reported_rsa: string | null;
  reported_problem: string | null;
  reported_on: Date | null;
}

/** What the agents reported of a pack, by the names of their edges. */
export async function listWords(db: Db, pack: PackKey): Promise<ReadonlyMap<string, AgentWord>> {
  const { rows } = await execute<WordRow>(db, WORDS, packKey(pack));
  return new Map(
    rows.map((row) => [
      row.edge,
      {
        edge: row.edge,
        isGiven: row.is_given,
        ecdsa: row.reported_ecdsa ?? undefined,
        rsa: row.reported_rsa ?? undefined,
        problem: row.reported_problem ?? undefined,
        on: row.reported_on ?? undefined,
      },
    ]),
  );
}

const WORDS = statement(`
  select edge, given_on is not null as is_given, reported_ecdsa, reported_rsa, reported_problem, reported_on
    from deployments where ${OF_PACK} and edge_id is not null`);
