import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import packet from 'dns-packet';
import { systemClock } from '../../src/kit/clock.ts';
import { changeRecords, type RecordWish } from '../../src/operation/change-records.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import type { Pool } from '../../src/store/store.ts';
import { transaction } from '../../src/store/store.ts';
import { createZone, getZone } from '../../src/store/zones.ts';
import { ask, type LoadOptions } from './load.ts';
import type { DnsRole, Told } from './server.ts';

export interface DnsOptions {
  /** An empty database of the benchmark's own. */
  readonly pool: Pool;
  readonly url: string;
  readonly seconds: number;
  readonly repetitions: number;
  readonly parallel: number;
  /** Names that are asked for. */
  readonly names: number;
}

/** What one server does: medians; the ratio to the bare socket is taken within each repetition. */
interface Figures {
  readonly per_s: number;
  /** Processor time of its process for one answer, in microseconds. */
  readonly cpu_us: number;
  readonly ratio: number;
}

/** A bare socket, our responder on names in memory, and on a database. */
export type DnsResult = Readonly<Record<(typeof KINDS)[number], Figures>>;

const KINDS = ['echo', 'memory', 'database'] as const;

const ZONE = 'bench.example';

/** Asks our responder, and a bare socket that sends back what comes, for addresses over UDP, in turns. */
export async function dnsBench(
  { pool, url, seconds, repetitions, parallel, names }: DnsOptions,
  say: (what: string) => void,
): Promise<DnsResult> {
  await fillZone(pool, names);
  const questions = Array.from({ length: names }, (_, i) =>
    packet.encode({ type: 'query', id: i, questions: [{ name: `n${i}.${ZONE}`, type: 'A' }] }),
  );
  await using ends = new AsyncDisposableStack();
  const roles = {
    echo: { kind: 'echo' },
    memory: { kind: 'memory', zone: ZONE },
    database: { kind: 'database', url },
  } as const;
  const seen = new Map<string, Seen[]>(KINDS.map((kind) => [kind, []]));
  const servers = await Promise.all(KINDS.map((kind) => start(ends, roles[kind])));
  // The first round is to warm up.
  for (let i = 0; i <= repetitions; i++)
    for (const [k, kind] of KINDS.entries()) {
      const one = await measure(servers[k], { questions, seconds, parallel });
      if (i === 0) continue;
      seen.get(kind)?.push(one);
      say(`${i}: ${kind} ${Math.round(one.per_s)} answers/s, ${one.cpu_us.toFixed(1)} µs each`);
    }
  return {
    echo: figures(seen, 'echo'),
    memory: figures(seen, 'memory'),
    database: figures(seen, 'database'),
  };
}

interface Seen {
  readonly per_s: number;
  readonly cpu_us: number;
}

async function measure(server: DnsServer | undefined, load: Omit<LoadOptions, 'port'>): Promise<Seen> {
  if (!server) throw new Error('there is no such server');
  const before = await server.cpuUs();
  const { answers, seconds } = await ask({ ...load, port: server.port });
  return { per_s: answers / seconds, cpu_us: ((await server.cpuUs()) - before) / answers };
}

function figures(seen: ReadonlyMap<string, readonly Seen[]>, kind: string): Figures {
  const [own = [], bare = []] = [seen.get(kind), seen.get('echo')];
  return {
    per_s: Math.round(median(own.map((one) => one.per_s))),
    cpu_us: round(median(own.map((one) => one.cpu_us)), 1),
    ratio: round(median(own.map((one, i) => one.per_s / (bare[i]?.per_s ?? Number.NaN))), 2),
  };
}

/** Makes a zone with an address at each name. */
async function fillZone(pool: Pool, names: number): Promise<void> {
  const clock = systemClock();
  const { id: accountId } = await createAccount(pool, 'bench', clock.now());
  const named = { accountId, name: ZONE, type: 'full' } as const;
  const id = await transaction(pool, (tx) => createZone(tx, named, clock.now()));
  const zone = await getZone(pool, accountId, id);
  if (!zone) throw new Error('a zone that was just made is there');
  const wishes = Array.from({ length: names }, (_, i): RecordWish => {
    const record = { type: 'A', name: `n${i}.${ZONE}`, content: '192.0.2.1', ttl: 300 } as const;
    return {
      kind: 'create',
      pointer: '',
      record: { ...record, isProxied: false, comment: undefined, tags: [] },
    };
  });
  await changeRecords({ pool, clock, quotas: NO_QUOTAS }, { zone, wishes, by: OPERATOR });
}

/** A server in its own process. */
interface DnsServer {
  readonly port: number;
  /** Processor time that it has used so far, in microseconds. */
  cpuUs(): Promise<number>;
}

async function start(ends: AsyncDisposableStack, role: DnsRole): Promise<DnsServer> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  ends.defer(async () => {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  });
  const told = async (asked: DnsRole | 'usage'): Promise<Told> => {
    child.send(asked);
    const [said]: Told[] = await once(child, 'message');
    return said ?? {};
  };
  const { port, error } = await told(role);
  if (port === undefined) throw new Error(error ?? 'the server did not start');
  return { port, cpuUs: async () => (await told('usage')).cpuUs ?? 0 };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const round = (number: number, digits: number): number => Number(number.toFixed(digits));
