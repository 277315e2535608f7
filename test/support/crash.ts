/**
 * A service that is killed at random moments while it works on orders, and started again. The simulated CAs, the edges and
 * whoever orders live on: they count what was lost and what was issued twice.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbedded } from '../../src/postgres/postgres.ts';
import type { StartedSimulator } from '../../src/simulator/start.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool } from '../../src/store/store.ts';
import { createToken } from '../../src/store/tokens.ts';
import { CrashClient } from './crash-client.ts';
import { startTestDatabase, TEST_SERVER, type TestDatabase } from './database.ts';
import { givenFolder, simulatorIn } from './ground.ts';
import { randomFrom } from './random.ts';
import {
  type Ends,
  RESPONDERS,
  type Serving,
  socketOf,
  startEdge,
  startServe,
  writeConfiguration,
} from './serve.ts';

/** What is killed. */
export const VICTIMS = ['service', 'one_of_two', 'database', 'everything'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface CrashPlan {
  readonly victim: Victim;
  readonly kills: number;
  /** Orders that are under way at once; as many again when all of them are active and there are kills left. */
  readonly orders: number;
  /** Of the random moments. */
  readonly seed: number;
}

/** What came of it. All but the first three are to be 0. */
export interface CrashResult {
  readonly kills: number;
  readonly orders: number;
  readonly active: number;
  /** Of each pack that is not: its status, and what it says. */
  readonly missing: readonly string[];
  /** Orders that were acknowledged and are not there, or never became active. */
  readonly lost: number;
  /** Certificates that a CA issued beyond one for each algorithm of a pack. */
  readonly double: number;
  /** Packs that nobody ordered: an order that was sent again made a second one. */
  readonly surplus: number;
}

/**
 * Longest time, in seconds, for all orders of a round to become active once nobody is killed any more. What counts is whether, not
 * when: beside others it took over 100 on two cores.
 */
const ROUND_LIMIT = 240;
/** Longest life of a process before it is killed, in milliseconds from when it was ready. */
const LONGEST_LIFE_MS = 900;

/** Runs a plan. Throws when a service does not start again. */
export async function crash(plan: CrashPlan, say: (kills: number) => void): Promise<CrashResult> {
  await using stack = new AsyncDisposableStack();
  const world = await startCrashWorld(
    { after: (end) => stack.defer(async () => void (await end())) },
    plan.victim,
  );
  const client = new CrashClient(world);
  stack.defer(() => client.end());
  const random = randomFrom(plan.seed);
  let kills = 0;
  let rounds = 0;
  while (kills < plan.kills) {
    const placed = client.order(plan.orders, `r${rounds}`);
    rounds += 1;
    const done = client.active(placed).then(() => true);
    done.catch(() => undefined); // what it is waited for below
    while (kills < plan.kills) {
      if (await Promise.race([done, delay(random() * LONGEST_LIFE_MS)])) break;
      await world.kill(random);
      kills += 1;
      say(kills);
    }
    await within(ROUND_LIMIT, done);
  }
  return { kills, ...(await client.count(world.simulator)) };
}

/** Ends quietly after so many seconds: what is missing then is counted. */
const within = (seconds: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, delay(seconds * 1_000, undefined, { ref: false })]);

export interface CrashWorld {
  readonly simulator: StartedSimulator;
  readonly accountId: string;
  readonly token: string;
  /** Base URLs of the API of those that live. */
  readonly apis: () => readonly string[];
  /** Kills with no warning, and starts again what was killed. */
  readonly kill: (random: () => number) => Promise<void>;
}

async function startCrashWorld(ends: Ends, victim: Victim): Promise<CrashWorld> {
  const dir = givenFolder(ends, 'crash');
  const simulator = await simulatorIn(ends, dir);
  const { server, ...access } = await startDatabase(join(dir, 'data'));
  const isShared = victim === 'one_of_two';
  // Whoever kills the database leaves it to the service to start it again.
  const isGiven = isShared || TEST_SERVER !== '';
  if (isGiven) ends.after(() => server.stop());
  else await server.stop();
  const edges = await Promise.all(RESPONDERS.map((_, i) => startEdge(ends, socketOf(dir, isShared ? i : 0))));
  const file = writeConfiguration(dir, simulator, edges);
  const numbers = isShared ? [0, 1] : [0];
  const serve = (i: number): Promise<Serving> =>
    startServe(ends, {
      CERTPACKS_CONFIG: file,
      CERTPACKS_DATA_DIR: join(dir, 'data'),
      CERTPACKS_EDGE_SOCKET: socketOf(dir, i),
      CERTPACKS_DNS_LISTEN: isShared
        ? listen(i, simulator)
        : RESPONDERS.map((_, n) => listen(n, simulator)).join(),
      CERTPACKS_RSA_KEYS: '2',
      CERTPACKS_RATE_LIMIT: '0',
      ...(isGiven && { CERTPACKS_DATABASE_URL: server.url }),
    });
  const running = await Promise.all(numbers.map(serve));
  const kill = async (random: () => number) => {
    const i = Math.floor(random() * running.length);
    await KILL[victim](running[i], join(dir, 'data'));
    if (victim !== 'database') running[i] = await serve(i);
  };
  return { simulator, ...access, apis: () => running.map(({ api }) => api), kill };
}

const listen = (i: number, { dnsPort }: StartedSimulator): string => `${RESPONDERS[i]}:${dnsPort}`;

/** An account and its token, in a database that runs. */
async function startDatabase(
  dir: string,
): Promise<{ server: TestDatabase; accountId: string; token: string }> {
  const isEmbedded = TEST_SERVER === '';
  const server = isEmbedded
    ? await startEmbedded({ dir, log: () => undefined })
    : await startTestDatabase(dir);
  const pool = openPool({ ...server.connection, max: 2 }, () => undefined);
  await migrate(pool);
  const now = new Date();
  const { id: accountId } = await createAccount(pool, 'crash', now);
  const token = await createToken(pool, { accountId, name: 'crash', access: 'write' }, now);
  await pool.end();
  return { server, accountId, token };
}

const KILL: Readonly<Record<Victim, (one: Serving | undefined, dir: string) => Promise<void>>> = {
  service: async (one) => killService(one),
  one_of_two: async (one) => killService(one),
  database: async (_, dir) => killDatabase(dir),
  everything: async (one, dir) => {
    await killDatabase(dir);
    await killService(one);
  },
};

async function killService(one: Serving | undefined): Promise<void> {
  if (!one || one.child.exitCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  one.child.once('exit', () => resolve());
  one.child.kill('SIGKILL');
  await promise;
}

/** Kills the postmaster; its other processes see that and end. One that is not up again yet is waited for. */
async function killDatabase(dir: string): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await delay(20)) {
    try {
      process.kill(
        Number(readFileSync(join(dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
        'SIGKILL',
      );
      return;
    } catch {
      // It starts just now.
    }
  }
  throw new Error('the database did not come back within 60 s');
}
