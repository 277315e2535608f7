/** Edges that have an agent, of the operator's accounts: who they are, and how far each came. */
import type { EdgeKind, Environment } from '../pack/pack.ts';
import type { Location } from '../pack/region.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** What an edge is, as it was enrolled. */
export interface EdgeTerms {
  /** Unlike that of every other edge of the installation. */
  readonly name: string;
  /** Its make, e.g. `haproxy`. */
  readonly kind: EdgeKind;
  readonly environment: Environment;
  /** Where the service itself shakes hands with it; undefined: it reaches it nowhere. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  readonly location: Location | undefined;
}

/** An edge, without its token. */
export interface Edge extends EdgeTerms {
  /** UUID. */
  readonly id: string;
  readonly accountId: string;
  readonly createdOn: Date;
  /** Until when the token that it was given last can be used. */
  readonly tokenUntil: Date | undefined;
  /** Lower-case hexadecimal SHA-256 of the public keys by whose certificates its agent is known; none: nobody took it up. */
  readonly agentKeys: readonly string[];
  readonly certificateUntil: Date | undefined;
  /** 32 bytes of X25519. */
  readonly sealingKey: Buffer | undefined;
  readonly version: string | undefined;
  readonly enrolledOn: Date | undefined;
  readonly seenOn: Date | undefined;
  /** Up to where its agent applied what it was told; undefined: nothing whole yet. */
  readonly applied: Date | undefined;
  readonly generation: string | undefined;
  readonly drainedOn: Date | undefined;
  readonly packs: number;
  readonly names: number;
  readonly problem: string | undefined;
}

interface Row {
  id: string;
  account_id: string;
  name: string;
  kind: EdgeKind;
  environment: Environment;
  host: string | null;
  port: number | null;
  location: Location | null;
  created_on: Date;
  token_until: Date | null;
  agent_keys: string[];
  certificate_until: Date | null;
  sealing_key: Buffer | null;
  version: string | null;
  enrolled_on: Date | null;
  seen_on: Date | null;
  applied: Date | null;
  generation: string | null;
  drained_on: Date | null;
  packs: number;
  names: number;
  problem: string | null;
}

const COLUMNS = `id, account_id, name, kind, environment, host, port, location, created_on, token_until, agent_keys,
  certificate_until, sealing_key, version, enrolled_on, seen_on, applied, generation, drained_on, packs, names, problem`;

const toEdge = (row: Row): Edge => ({
  ...termsIn(row),
  id: row.id,
  accountId: row.account_id,
  createdOn: row.created_on,
  tokenUntil: row.token_until ?? undefined,
  ...agentIn(row),
  ...stateIn(row),
});

const termsIn = ({ name, kind, environment, host, port, location }: Row): EdgeTerms => ({
  name,
  kind,
  environment,
  address: host === null || port === null ? undefined : { host, port },
  location: location ?? undefined,
});

const agentIn = (row: Row) => ({
  agentKeys: row.agent_keys,
  certificateUntil: row.certificate_until ?? undefined,
  sealingKey: row.sealing_key ?? undefined,
  version: row.version ?? undefined,
  enrolledOn: row.enrolled_on ?? undefined,
});

const stateIn = (row: Row) => ({
  seenOn: row.seen_on ?? undefined,
  applied: row.applied ?? undefined,
  generation: row.generation ?? undefined,
  drainedOn: row.drained_on ?? undefined,
  packs: row.packs,
  names: row.names,
  problem: row.problem ?? undefined,
});

/** The token of an edge: the hash of its secret, and until when it can be used. */
export interface TokenOfEdge {
  readonly hash: Buffer;
  readonly until: Date;
}

/** Stores a new edge; false: its name is taken. */
export async function insertEdge(
  tx: Tx,
  edge: EdgeTerms & Pick<Edge, 'id' | 'accountId' | 'createdOn'>,
  token: TokenOfEdge,
): Promise<boolean> {
  const { rowCount } = await execute(tx, INSERT, {
    ...edge,
    account: edge.accountId,
    host: edge.address?.host ?? null,
    port: edge.address?.port ?? null,
    location: edge.location ? JSON.stringify(edge.location) : null,
    now: edge.createdOn,
    ...token,
  });
  return rowCount === 1;
}

const INSERT = statement(`
  insert into edges (id, account_id, name, kind, environment, host, port, location, created_on, token_hash, token_until)
  values (:id, :account, :name, :kind, :environment, :host, :port, :location::jsonb, :now, :hash, :until)
  on conflict (name) do nothing`);

/** Gives an edge another token, in the place of any before it. */
export async function putToken(tx: Tx, id: string, token: TokenOfEdge): Promise<void> {
  await execute(tx, PUT_TOKEN, { id, ...token });
}

const PUT_TOKEN = statement(
  'update edges set token_hash = :hash, token_until = :until, token_key = null where id = :id',
);

/** All edges, by name. */
export async function listAllEdges(db: Db): Promise<Edge[]> {
  const { rows } = await execute<Row>(db, ALL, {});
  return rows.map(toEdge);
}

const ALL = statement(`select ${COLUMNS} from edges order by name`);

/** The edges of an account, the oldest first. */
export async function listEdgesOfAccount(db: Db, accountId: string): Promise<Edge[]> {
  const { rows } = await execute<Row>(db, OF_ACCOUNT, { account: accountId });
  return rows.map(toEdge);
}

const OF_ACCOUNT = statement(
  `select ${COLUMNS} from edges where account_id = :account order by created_on, id`,
);

/** How many edges an account has. */
export async function countEdges(db: Db, accountId: string): Promise<number> {
  const { rows } = await execute<{ n: number }>(db, COUNT, { account: accountId });
  return rows[0]?.n ?? 0;
}

const COUNT = statement('select count(*)::int as n from edges where account_id = :account');

export async function getEdge(db: Db, id: string): Promise<Edge | undefined> {
  const { rows } = await execute<Row>(db, GET, { id });
  return rows[0] && toEdge(rows[0]);
}

const GET = statement(`select ${COLUMNS} from edges where id = :id`);

/** The same, kept as it is while the transaction lasts. */
export async function lockEdge(tx: Tx, id: string): Promise<Edge | undefined> {
  const { rows } = await execute<Row>(tx, LOCK, { id });
  return rows[0] && toEdge(rows[0]);
}

const LOCK = statement(`select ${COLUMNS} from edges where id = :id for update`);

/** An edge by the hash of its token's secret, locked, with the public key that took it up by that. */
export async function lockByToken(
  tx: Tx,
  hash: Buffer,
): Promise<(Edge & { readonly tokenKey: string | undefined }) | undefined> {
  const { rows } = await execute<Row & { token_key: string | null }>(tx, BY_TOKEN, { hash });
  return rows[0] && { ...toEdge(rows[0]), tokenKey: rows[0].token_key ?? undefined };
}

const BY_TOKEN = statement(`select ${COLUMNS}, token_key from edges where token_hash = :hash for update`);

/** An agent that takes an edge up. */
export interface AgentOfEdge {
  /** SHA-256 of the public key of its certificate. */
  readonly key: string;
  readonly certificateUntil: Date;
  readonly sealingKey: Buffer;
  readonly version: string;
}

/** Gives an edge to an agent, and to none that had it before. */
export async function putAgent(tx: Tx, id: string, agent: AgentOfEdge, now: Date): Promise<void> {
  const { key, certificateUntil: until, sealingKey: sealing_key, version } = agent;
  await execute(tx, PUT_AGENT, { id, key, until, sealing_key, version, now });
}

const PUT_AGENT = statement(`
  update edges set token_key = :key, agent_keys = array[:key::text], certificate_until = :until, sealing_key = :sealing_key,
         version = :version, enrolled_on = :now, seen_on = :now, applied = null, problem = null
   where id = :id`);

/** Takes another key beside the one by which the agent is known, until it shows that. */
export async function putAgentKeys(
  tx: Tx,
  id: string,
  keys: readonly string[],
  { until, version }: { readonly until: Date; readonly version: string },
): Promise<void> {
  await execute(tx, PUT_KEYS, { id, keys, until, version });
}

const PUT_KEYS = statement(
  'update edges set agent_keys = :keys::text[], certificate_until = :until, version = :version where id = :id',
);

/** What an agent said of its edge. */
export interface EdgeReport {
  /** Undefined: nothing was applied whole in this generation of the database. */
  readonly applied: { readonly at: Date; readonly generation: string } | undefined;
  readonly packs: number;
  readonly names: number;
  readonly problem: string | undefined;
}

/** Notes what an agent said; it never goes back. */
export async function putReport(db: Db, id: string, report: EdgeReport, now: Date): Promise<void> {
  const { applied, packs, names, problem } = report;
  const values = { packs, names, problem: problem ?? null, now };
  await execute(db, PUT_REPORT, {
    id,
    ...values,
    at: applied?.at ?? null,
    generation: applied?.generation ?? null,
  });
}

const PUT_REPORT = statement(`
  update edges set seen_on = :now, packs = :packs, names = :names, problem = :problem,
         applied = coalesce(:at::timestamptz, applied), generation = coalesce(:generation::text, generation)
   where id = :id`);

/** Notes that an agent is there. */
export async function touchEdge(db: Db, id: string, now: Date): Promise<void> {
  await execute(db, TOUCH, { id, now });
}

const TOUCH = statement('update edges set seen_on = :now where id = :id');

/** Has an edge not waited for any more; undefined: waited for again. */
export async function putDrained(tx: Tx, id: string, drainedOn: Date | undefined): Promise<void> {
  await execute(tx, PUT_DRAINED, { id, drained: drainedOn ?? null });
}

const PUT_DRAINED = statement('update edges set drained_on = :drained where id = :id');

/** Removes an edge: what its agent shows counts no more. */
export async function deleteEdge(tx: Tx, id: string): Promise<void> {
  await execute(tx, DELETE, { id });
}

const DELETE = statement('delete from edges where id = :id');

/** Has no agent known any more: the CA that certified them is gone. How many there were. */
export async function forgetAgents(db: Db, why: string): Promise<number> {
  const { rowCount } = await execute(db, FORGET, { why });
  return rowCount ?? 0;
}

const FORGET = statement(
  `update edges set agent_keys = '{}', certificate_until = null, token_hash = null, problem = :why where agent_keys <> '{}'`,
);
