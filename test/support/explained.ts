/** What each statement of a pool touches, as EXPLAIN ANALYZE tells: it is run before the statement itself, and undone. */
import type { TestContext } from 'node:test';
import { Reader } from '../../src/store/protocol/reader.ts';
import { openPool, type Pool } from '../../src/store/store.ts';

/** A statement that was run. */
export interface Explained {
  readonly text: string;
  /** Names of the tables, or of their pieces, that it looked into or writes to. */
  readonly relations: readonly string[];
}

/** A node of a plan, as far as it is looked at. */
interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops': number;
  readonly 'Target Tables'?: readonly { readonly 'Relation Name'?: string }[];
  readonly Plans?: readonly PlanNode[];
}

interface ExplainRow {
  'QUERY PLAN': readonly { readonly Plan: PlanNode }[];
}

/** What a connection is asked. */
type Ask = (what: { readonly text: string; readonly values?: unknown }) => Promise<{ rows: ExplainRow[] }>;

/** A pool of the same database; what its statements touch is put into `seen`. */
export function explainingPool({ options }: Pool, seen: Explained[]): Pool {
  const { password } = options; // which the pool hides from those who copy its options
  const pool = openPool({ ...options, ...(password !== undefined && { password }) }, () => undefined);
  pool.on('connect', (client) => {
    const ask: Ask = client.query.bind(client);
    let isInside = false;
    const explained = (...asked: readonly [unknown, unknown?]) => {
      const { text, values } = partsOf(asked);
      if (/^(begin|commit|rollback)/.test(text)) isInside = text.startsWith('begin');
      else if (/^\s*(with|select|insert|update|delete)\b/.test(text))
        explain(ask, { text, values }, isInside, seen);
      // Without a name: where a pooler mixes names up, the way back to the savepoint would have what failed go on.
      return Reflect.apply(ask, client, [unnamed(asked[0]), ...asked.slice(1)]);
    };
    Object.defineProperty(client, 'query', { value: explained, configurable: true });
  });
  return pool;
}

function partsOf([what, values]: readonly [unknown, unknown?]): {
  readonly text: string;
  readonly values: unknown;
} {
  if (!(what instanceof Object)) return { text: String(what), values };
  return { text: String(Reflect.get(what, 'text')), values: Reflect.get(what, 'values') ?? values };
}

const unnamed = (what: unknown): unknown =>
  what instanceof Object && 'name' in what ? Object.assign({}, what, { name: undefined }) : what;

/** Sends all of it at once: what it changed is undone before the statement itself arrives. */
function explain(
  ask: Ask,
  { text, values }: { readonly text: string; readonly values: unknown },
  isInside: boolean,
  seen: Explained[],
): void {
  const [before, after] = isInside ? ['savepoint one', 'rollback to one'] : ['begin', 'rollback'];
  const begun = ask({ text: before });
  const asked = ask({ text: `explain (analyze, costs off, timing off, format json) ${text}`, values });
  const undone = ask({ text: after });
  // What fails here fails again in the statement itself, which tells it.
  for (const one of [begun, asked, undone]) one.catch(() => undefined);
  asked.then(
    ({ rows }) =>
      seen.push({ text, relations: rows.flatMap((row) => relationsOf(row['QUERY PLAN'][0]?.Plan)) }),
    () => undefined,
  );
}

function relationsOf(node: PlanNode | undefined): string[] {
  if (!node || node['Actual Loops'] === 0) return [];
  const targets = [node, ...(node['Target Tables'] ?? [])].flatMap((one) => one['Relation Name'] ?? []);
  return [...targets, ...(node.Plans ?? []).flatMap(relationsOf)];
}

/** A reader on the same, whose statements are asked of the pool too, and so explained. */
export function explainedReader(t: TestContext, pool: Pool): Reader {
  const reader = new Reader(pool, 1);
  t.after(() => reader.close());
  const read = reader.read.bind(reader);
  t.mock.method(reader, 'read', async (...asked: Parameters<Reader['read']>) => {
    const [{ text, parameters }, values] = asked;
    await pool.query(
      text,
      parameters.map((name) => values[name] ?? null),
    );
    return read(...asked);
  });
  return reader;
}
