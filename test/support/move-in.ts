/**
 * Names move in from a folder of PEM files and a CSV while the command and the service are killed; then some of what was imported is
 * replaced by managed packs under handshakes. What was lost, what failed, and how fast orders came is counted.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { showLeaf } from '../../src/edge/handshake.ts';
import { MAIN } from './commands.ts';
import { hostAt, PER_ZONE, startWorld, type World, writeSources } from './move-in-world.ts';
import { randomFrom } from './random.ts';

/** How much moves in, and what is done to it meanwhile. */
export interface MoveInNumbers {
  /** Half of them with a certificate each, half as names of a CSV. */
  readonly hosts: number;
  /** Of the command and of the service, in turns. */
  readonly kills: number;
  /** Imported certificates that are replaced under handshakes. */
  readonly moves: number;
  /** Orders an hour (option move_in_orders). */
  readonly orders: number;
  readonly seed: number;
}

/** What came of it. `lost`, `double`, `failed`, `wrong` and `not_shown` are to be 0. */
export interface MoveInResult {
  readonly hosts: number;
  readonly kills: number;
  /** How often the command was begun, until it had nothing left to do. */
  readonly runs: number;
  readonly import_s: number;
  /** Hosts that were in a source and are in no move. */
  readonly lost: number;
  /** Moves and imported packs beyond one for each certificate and name. */
  readonly double: number;
  /** Imported certificates that an edge did not show in time. */
  readonly not_shown: number;
  readonly shown_s: number;
  /** Imports that managed packs replaced. */
  readonly moved: number;
  readonly handshakes: number;
  /** Handshakes that showed nothing, while names moved. */
  readonly failed: number;
  /** The first of them: host, when, and why. */
  readonly failures: readonly string[];
  /** Handshakes that showed what was neither imported nor made for the name. */
  readonly wrong: number;
  readonly orders: number;
  readonly orders_per_hour: number;
  readonly orders_per_hour_allowed: number;
  readonly most_orders_in_a_minute: number;
}

/** Runs it. */
export async function moveIn(numbers: MoveInNumbers, say: (what: string) => void): Promise<MoveInResult> {
  await using stack = new AsyncDisposableStack();
  const world = await startWorld({ after: (end) => stack.defer(async () => void (await end())) }, numbers);
  const leaves = await writeSources(world, numbers);
  say(`${numbers.hosts} hosts in ${Math.ceil(numbers.hosts / PER_ZONE)} zones; they move in`);
  const began = performance.now();
  const killer = new Killer(world, numbers);
  for (const source of ['pem', 'hosts.csv']) await killer.importAll(join(world.dir, source));
  const import_s = secondsSince(began);
  say(`moved in within ${import_s} s, ${killer.killed} times killed, in ${killer.runs} runs of the command`);
  const shown = await waitUntilShown(world, leaves);
  say(
    `${leaves.size - shown.missing} of ${leaves.size} certificates are shown after ${secondsSince(began)} s`,
  );
  const moved = await moveUnderHandshakes(world, leaves, numbers);
  const stored = await count(world, numbers, leaves.size);
  return {
    hosts: numbers.hosts,
    kills: killer.killed + moved.kills,
    runs: killer.runs,
    import_s,
    ...stored,
    not_shown: shown.missing,
    shown_s: secondsSince(began),
    moved: moved.moved,
    handshakes: moved.handshakes,
    failed: moved.failures.length,
    failures: moved.failures.slice(0, 20),
    wrong: moved.wrong,
    ...(await paceOf(world)),
    orders_per_hour_allowed: numbers.orders,
  };
}

const secondsSince = (began: number): number => Math.round((performance.now() - began) / 100) / 10;

/** Runs the command again and again until it comes to its end, and kills it or the service meanwhile. */
class Killer {
  readonly #world: World;
  readonly #random: () => number;
  readonly #lifeMs: number;
  #left: number;
  killed = 0;
  runs = 0;

  constructor(world: World, { kills, seed, hosts }: MoveInNumbers) {
    this.#world = world;
    this.#random = randomFrom(seed);
    this.#left = kills;
    this.#lifeMs = 2_000 + hosts;
  }

  async importAll(source: string): Promise<void> {
    for (;;) {
      this.runs += 1;
      const child = startImport(this.#world, source);
      const ended = once(child, 'exit');
      const isOver = ended.then(() => true);
      while (this.#left > 0 && !(await Promise.race([isOver, delay(this.#random() * this.#lifeMs, false)])))
        await this.#kill(child);
      const [code]: unknown[] = await ended;
      if (code === 0) return;
      if (this.runs > 1_000) throw new Error(`the import does not come to its end (${String(code)})`);
    }
  }

  async #kill(child: ChildProcess): Promise<void> {
    this.#left -= 1;
    this.killed += 1;
    if (this.killed % 2 === 0) child.kill('SIGKILL');
    else await this.#world.killService();
  }
}

function startImport({ api, token }: World, source: string): ChildProcess {
  return spawn(process.execPath, [MAIN, 'import', source, '--api', api, '--json'], {
    env: { ...process.env, CERTPACKS_TOKEN: token },
    stdio: 'ignore',
  });
}

/** Fingerprint of the leaf that the edge shows for a name; why there is none, in words with a space. */
async function shownFor({ edgePort }: World, name: string): Promise<string> {
  const place = { name: 'edge-0', host: '127.0.0.1', port: edgePort };
  try {
    const shown = await showLeaf(place, { name, algorithm: 'ecdsa' }, AbortSignal.timeout(10_000));
    return shown?.fingerprint ?? 'no certificate';
  } catch (error) {
    return `no handshake: ${String(error)}`;
  }
}

/** Asks for each imported name until its own certificate is shown. */
async function waitUntilShown(
  world: World,
  leaves: ReadonlyMap<string, string>,
): Promise<{ readonly missing: number }> {
  let missing = [...leaves.keys()];
  const end = performance.now() + 60_000 + leaves.size * 60;
  while (missing.length > 0 && performance.now() < end) {
    const still: string[] = [];
    for (const host of missing) if ((await shownFor(world, host)) !== leaves.get(host)) still.push(host);
    missing = still;
    if (missing.length > 0) await delay(500);
  }
  return { missing: missing.length };
}

/** Lets the time come for some imports, and shakes hands for their names until managed packs have replaced them. The service is killed once meanwhile. */
async function moveUnderHandshakes(
  world: World,
  leaves: ReadonlyMap<string, string>,
  { moves, orders }: MoveInNumbers,
) {
  const hosts = [...leaves.keys()].filter((_, i) => i % Math.max(1, Math.floor(leaves.size / moves)) === 0);
  const chosen = hosts.slice(0, moves);
  await world.pool.query(
    "update move_ins set due_at = now(), wanted_by = now() where status = 'planned' and hosts && $1",
    [chosen],
  );
  const counts = { handshakes: 0 };
  const failures: string[] = [];
  const strange = new Set<string>();
  const state = { isOver: false };
  const clients = [0, 1].map(async (first) => {
    for (let i = first; !state.isOver; i++) {
      const host = chosen[i % chosen.length] ?? '';
      const leaf = await shownFor(world, host);
      counts.handshakes += 1;
      if (leaf.includes(' ')) failures.push(`${host} ${new Date().toISOString()} ${leaf}`);
      else if (leaf !== leaves.get(host)) strange.add(`${host} ${leaf}`);
    }
  });
  const end = performance.now() + 180_000 + (moves * 3 * 7_200_000) / orders;
  const half = Math.ceil(moves / 2);
  let [moved, kills] = [0, 0];
  while (moved < chosen.length && performance.now() < end) {
    await delay(500);
    moved = await countMoved(world, chosen);
    if (moved < half || kills > 0) continue;
    kills += 1;
    await world.killService();
  }
  state.isOver = true;
  await Promise.all(clients);
  return { ...counts, failures, moved, kills, wrong: await countStrange(world, strange) };
}

async function countMoved({ pool }: World, hosts: readonly string[]): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    "select count(*)::int as n from move_ins where status = 'done' and hosts && $1",
    [hosts],
  );
  return rows[0]?.n ?? 0;
}

/** Of what was shown and not imported, what is no certificate of a managed pack of that name. */
async function countStrange({ pool }: World, strange: ReadonlySet<string>): Promise<number> {
  let wrong = 0;
  for (const one of strange) {
    const { rows } = await pool.query(
      'select from certificates join packs on packs.id = pack_id where packs.hosts @> array[$1] and fingerprint = $2',
      one.split(' '),
    );
    if (rows.length === 0) wrong += 1;
  }
  return wrong;
}

async function count(
  { pool }: World,
  { hosts }: MoveInNumbers,
  certificates: number,
): Promise<{ readonly lost: number; readonly double: number }> {
  const { rows } = await pool.query<{ host: string; n: number }>(
    'select unnest(hosts) as host, count(*)::int as n from move_ins group by 1',
  );
  const known = new Set(rows.map(({ host }) => host));
  const lost = Array.from({ length: hosts }, (_, i) => hostAt(i)).filter((host) => !known.has(host)).length;
  const packs = await pool.query<{ n: number }>(
    "select count(distinct pack_id)::int as n from audit where event = 'upload' and pack_id is not null",
  );
  const twice = rows.reduce((sum, { n }) => sum + n - 1, 0);
  return { lost, double: twice + Math.abs((packs.rows[0]?.n ?? 0) - certificates) };
}

/** How fast managed packs were ordered, each of two orders. */
async function paceOf({ pool }: World) {
  const { rows } = await pool.query<{ created_on: Date }>(
    "select created_on from packs where type = 'advanced' order by created_on",
  );
  const times = rows.map(({ created_on }) => created_on.getTime());
  const minutes = times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length * 2);
  const hours = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 3_600_000;
  return {
    orders: times.length * 2,
    orders_per_hour: Math.round(((times.length - 1) * 2) / hours),
    most_orders_in_a_minute: Math.max(0, ...minutes),
  };
}
