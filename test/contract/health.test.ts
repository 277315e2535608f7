/** What watches over a process is told while its database is away, and requests are told to come again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { Reader } from '../../src/store/protocol/reader.ts';
import { openPool } from '../../src/store/store.ts';
import { givenAccount, startApi, type TestAccount } from '../support/api.ts';
import { until } from '../support/world.ts';

const ends = new AsyncDisposableStack();
let base: string;
let account: TestAccount;
let relay: Relay;

/** Stands between the API and its database, and can be taken away. */
interface Relay {
  readonly port: number;
  /** Ends every connection and takes none any more, or all again. */
  open(): Promise<void>;
  close(): void;
}

async function startRelay(path: string): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(path);
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    client.pipe(database).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    open: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

before(async () => {
  const api = await startApi(ends);
  account = await givenAccount(api.jobs, ['health.test']);
  const { host = '', port = 0, user, password, database } = api.jobs.pool.options;
  relay = await startRelay(join(host, `.s.PGSQL.${port}`));
  ends.defer(() => relay.close());
  const login = { host: '127.0.0.1', port: relay.port, user, password, database, max: 4 };
  const pool = openPool(login, () => undefined);
  ends.defer(() => pool.end());
  const reader = new Reader(pool, 2);
  ends.defer(() => reader.close());
  const app = await buildApi({ ...api.deps, pool, reader });
  ends.defer(() => app.close());
  base = await app.listen({ host: '127.0.0.1', port: 0 });
});
after(() => ends.disposeAsync());

const ask = async (path: string) => {
  const headers = { authorization: `Bearer ${account.token}` };
  const answer = await fetch(base + path, { headers, signal: AbortSignal.timeout(30_000) });
  const body: unknown = await answer.json();
  return { status: answer.status, again: answer.headers.get('retry-after'), body };
};

const list = () => ask(`/client/v4/zones/${account.zones[0]?.id}/ssl/certificate_packs`);

it('a process is alive and ready, and says so to whoever has no token', async () => {
  for (const [path, status] of [
    ['/healthz', 'alive'],
    ['/readyz', 'ready'],
  ] as const) {
    const answer = await fetch(base + path);
    assert.deepEqual(
      [answer.status, await answer.json()],
      [200, { success: true, errors: [], messages: [], result: { status } }],
    );
  }
});

it('while the database is away it is alive and not ready, and requests get 503 with Retry-After; then all goes on', async () => {
  assert.equal((await list()).status, 200);
  relay.close();
  assert.equal((await ask('/healthz')).status, 200);
  const { status, again, body } = await ask('/readyz');
  assert.deepEqual([status, again], [503, '1']);
  assert.match(JSON.stringify(body), /the database cannot be reached/);
  for (const answer of [await list(), await ask('/client/v4/zones')])
    assert.deepEqual([answer.status, answer.again], [503, '1']);
  await relay.open();
  await until(
    () => ask('/readyz'),
    (ready) => ready.status === 200,
    20,
  );
  await until(list, (answer) => answer.status === 200, 20);
});
