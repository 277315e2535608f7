import { wildcardOf } from '../pack/hosts.ts';
import type { Algorithm, Environment, Pack, PackKey } from '../pack/pack.ts';
import { type Candidate, serving } from '../pack/priority.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** What an edge is to show for a pack (fingerprints; undefined: nothing) and what it showed last. */
export interface Deployment {
  readonly edge: string;
  readonly observed: { readonly ecdsa?: string | undefined; readonly rsa?: string | undefined };
  readonly problem?: string | undefined;
}

/** Fingerprint of a pack's leaf, null where it has none. */
const leafOf = ({ certificates }: Pack, algorithm: Algorithm): string | null =>
  certificates.find((certificate) => certificate.algorithm === algorithm)?.fingerprint ?? null;

/** Wishes a pack onto edges: covers `names` there, and wants its present leaves shown by each edge. */
export async function deploy(
  tx: Tx,
  pack: Pack,
  names: readonly string[],
  edges: readonly string[],
): Promise<void> {
  const { id, environment } = pack;
  await execute(tx, UNCOVER, { id });
  await execute(tx, COVER, { id, names, environment });
  await execute(tx, DEPLOY, { id, edges, ecdsa: leafOf(pack, 'ecdsa'), rsa: leafOf(pack, 'rsa') });
}

const UNCOVER = statement('delete from served_hosts where pack_id = :id');
const COVER = statement(`
  insert into served_hosts (host, environment, pack_id) select unnest(:names::text[]), :environment, :id`);
const DEPLOY = statement(`
  insert into deployments (pack_id, edge, desired_ecdsa, desired_rsa)
  select :id, unnest(:edges::text[]), :ecdsa, :rsa
  on conflict (pack_id, edge) do update
    set desired_ecdsa = excluded.desired_ecdsa, desired_rsa = excluded.desired_rsa`);

/** Whether these edges were given the pack's present leaves. */
export async function isDeployed(tx: Tx, pack: Pack, edges: readonly string[]): Promise<boolean> {
  const { rows } = await tx.query<{ edge: string; desired_ecdsa: string | null; desired_rsa: string | null }>(
    'select edge, desired_ecdsa, desired_rsa from deployments where pack_id = $1',
    [pack.id],
  );
  const [ecdsa, rsa] = [leafOf(pack, 'ecdsa'), leafOf(pack, 'rsa')];
  const isGiven = (edge: string) =>
    rows.some((row) => row.edge === edge && row.desired_ecdsa === ecdsa && row.desired_rsa === rsa);
  return edges.every(isGiven);
}

/** Wishes a pack off every edge that had it; `deployments` keeps which edges have yet to let go. */
export async function undeploy(tx: Tx, pack: PackKey): Promise<boolean> {
  const { rowCount } = await execute(tx, UNCOVER, { id: pack.id });
  await tx.query('update deployments set desired_ecdsa = null, desired_rsa = null where pack_id = $1', [
    pack.id,
  ]);
  return rowCount !== null && rowCount > 0;
}

/** Names of the edges that were given the pack. */
export async function listEdgesOf(db: Db, pack: PackKey): Promise<string[]> {
  const { rows } = await db.query<{ edge: string }>('select edge from deployments where pack_id = $1', [
    pack.id,
  ]);
  return rows.map(({ edge }) => edge);
}

/** Records what handshakes with an edge showed. */
export async function observe(tx: Tx, pack: PackKey, seen: Deployment, now: Date): Promise<void> {
  const { edge, observed, problem } = seen;
  await execute(tx, OBSERVE, { id: pack.id, edge, ...observed, problem, now });
}

const OBSERVE = statement(`
  update deployments set observed_ecdsa = :ecdsa, observed_rsa = :rsa, problem = :problem, observed_on = :now
   where pack_id = :id and edge = :edge`);

/** An edge let go of a pack. */
export async function letGo(tx: Tx, pack: PackKey, edge: string): Promise<void> {
  await tx.query('delete from deployments where pack_id = $1 and edge = $2', [pack.id, edge]);
}

interface CandidateRow {
  pack_id: string;
  zone_id: string;
  host: string;
  type: Candidate['type'];
  created_on: Date;
}

/** The pack that serves `name` (or a wildcard as it is) in an environment, or undefined. */
export async function getServing(
  db: Db,
  name: string,
  environment: Environment,
): Promise<(PackKey & Pick<Pack, 'type'>) | undefined> {
  const { rows } = await execute<CandidateRow>(db, COVERING, {
    names: [name, wildcardOf(name)],
    environment,
  });
  const candidates = rows.map((row) => ({
    packId: row.pack_id,
    zone: { id: row.zone_id },
    host: row.host,
    type: row.type,
    createdOn: row.created_on,
  }));
  const best = serving(candidates);
  return best && { id: best.packId, zone: best.zone, type: best.type };
}

const COVERING = statement(`
  select pack_id, packs.zone_id, host, packs.type, packs.created_on
    from served_hosts join packs on packs.id = pack_id
   where host = any(:names) and served_hosts.environment = :environment`);

/** Names that a pack covers on the edges now. */
export async function listServedHosts(db: Db, pack: PackKey): Promise<string[]> {
  const { rows } = await execute<{ host: string }>(db, COVERED, { id: pack.id });
  return rows.map(({ host }) => host);
}

const COVERED = statement('select host from served_hosts where pack_id = :id');

export interface LoggedChange {
  readonly seq: number;
  readonly environment: Environment;
  readonly hosts: readonly string[];
}

/** Tells the edges of every process that these names changed. */
export async function logChange(
  tx: Tx,
  change: { readonly environment: Environment; readonly hosts: readonly string[] },
  now: Date,
): Promise<void> {
  await tx.query('insert into edge_changes (environment, hosts, made_on) values ($1, $2, $3)', [
    change.environment,
    change.hosts,
    now,
  ]);
}

/** Changes made after `instant`, oldest first. */
export async function listChanges(db: Db, instant: Date): Promise<LoggedChange[]> {
  const { rows } = await db.query<{ seq: string; environment: Environment; hosts: string[] }>(
    'select seq, environment, hosts from edge_changes where made_on > $1 order by seq limit 10000',
    [instant],
  );
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}

/** Forgets changes made before `instant`. */
export async function purgeChanges(db: Db, instant: Date): Promise<void> {
  await db.query('delete from edge_changes where made_on < $1', [instant]);
}
