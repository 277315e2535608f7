import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedServer, type Login, startEmbedded } from '../../../src/postgres/postgres.ts';

/** A server and a copy of it, as replication leaves them behind: of one cluster. */
export interface Pair {
  readonly first: EmbeddedServer;
  /** A standby, until it is promoted. */
  readonly second: EmbeddedServer;
  /** Runs one statement at a server, over a connection of its own. */
  ask(server: EmbeddedServer, sql: string): Promise<Record<string, unknown>[]>;
  /** Makes the second one take writes, on the next timeline. */
  promote(): Promise<void>;
}

/** The unix socket of a server. */
export const socketOf = ({ host, port }: Login): string => join(host, `.s.PGSQL.${port}`);

/** Starts both; `prepare` fills the database before it is copied. All ends with `ends`. */
export async function startPair(
  ends: AsyncDisposableStack,
  prepare: (login: Login) => Promise<void>,
): Promise<Pair> {
  const [one, other] = [folder(ends), folder(ends)];
  const settings = { fsync: 'off' };
  const before = await startEmbedded({ dir: one, settings, log: () => undefined });
  await prepare(before.connection);
  await before.stop();
  for (const name of ['postgres', 'database-password'])
    execFileSync('cp', ['-a', join(one, name), join(other, name)]);
  const signal = join(other, 'postgres', 'standby.signal');
  writeFileSync(signal, '');
  // The server removes it when it is promoted.
  const { uid, gid } = statSync(join(other, 'postgres'));
  chownSync(signal, uid, gid);
  const first = await startEmbedded({ dir: one, settings, log: () => undefined });
  ends.defer(() => first.stop());
  const second = await startEmbedded({ dir: other, settings, log: () => undefined });
  ends.defer(() => second.stop());
  return {
    first,
    second,
    ask,
    promote: async () => void (await ask(second, 'select pg_promote()')),
  };
}

function folder(ends: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-pair-'));
  chmodSync(dir, 0o711);
  ends.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

async function ask({ connection }: EmbeddedServer, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
