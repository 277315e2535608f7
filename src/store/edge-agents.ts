/** Agents of edges: the tokens by which they take them up, the keys by which they are known, what they say. */
import type { TlsSetting } from '../pack/hostname-tls.ts';
import { EDGE_COLUMNS, type Edge, type StoredEdge, toEdge } from './edge-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** The token of an edge: the hash of its secret, and until when it can be used. */
export interface TokenOfEdge {
  readonly hash: Buffer;
  readonly until: Date;
}

/** Gives an edge another token, in the place of any before it. */
export async function putToken(tx: Tx, id: string, token: TokenOfEdge): Promise<void> {
  await execute(tx, PUT_TOKEN, { id, ...token });
}

const PUT_TOKEN = statement(
  'update edges set token_hash = :hash, token_until = :until, token_key = null where id = :id',
);

/** An edge by the hash of its token's secret, locked, with the public key that took it up by that. */
export async function lockByToken(
  tx: Tx,
  hash: Buffer,
): Promise<(Edge & { readonly tokenKey: string | undefined }) | undefined> {
  const { rows } = await execute<StoredEdge & { token_key: string | null }>(tx, BY_TOKEN, { hash });
  return rows[0] && { ...toEdge(rows[0]), tokenKey: rows[0].token_key ?? undefined };
}

const BY_TOKEN = statement(
  `select ${EDGE_COLUMNS}, token_key from edges where token_hash = :hash for update`,
);

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
         version = :version, enrolled_on = :now, seen_on = :now, applied = null, tls_settings = null, problem = null
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
  /** Settings of custom hostnames that are applied there; undefined: it did not say. */
  readonly tlsSettings?: readonly TlsSetting[] | undefined;
  readonly problem: string | undefined;
}

/** Notes what an agent said; how far it came stays where it says nothing of that. */
export async function putReport(db: Db, id: string, report: EdgeReport, now: Date): Promise<void> {
  const { applied, packs, names, tlsSettings, problem } = report;
  const values = { packs, names, tls: tlsSettings ?? null, problem: problem ?? null, now };
  await execute(db, PUT_REPORT, {
    id,
    ...values,
    at: applied?.at ?? null,
    generation: applied?.generation ?? null,
  });
}

const PUT_REPORT = statement(`
  update edges set seen_on = :now, packs = :packs, names = :names, tls_settings = :tls::text[], problem = :problem,
         applied = coalesce(:at::timestamptz, applied), generation = coalesce(:generation::text, generation)
   where id = :id`);

/** Notes that an agent is there. */
export async function touchEdge(db: Db, id: string, now: Date): Promise<void> {
  await execute(db, TOUCH, { id, now });
}

const TOUCH = statement('update edges set seen_on = :now where id = :id');

/** Has no agent known any more: the CA that certified them is gone. How many there were. */
export async function forgetAgents(db: Db, why: string): Promise<number> {
  const { rowCount } = await execute(db, FORGET, { why });
  return rowCount ?? 0;
}

const FORGET = statement(
  `update edges set agent_keys = '{}', certificate_until = null, token_hash = null, problem = :why where agent_keys <> '{}'`,
);
