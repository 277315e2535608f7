/**
 * A server that is measured, in a process of its own: the API on a database, or a bare one that sends the same bytes.
 * Told by its parent what to be; answers with the port, and then with what it has used whenever it is asked.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { buildApi } from '../../src/api/api.ts';
import { KeyPool } from '../../src/key/key-pool.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { KeyedSignal } from '../../src/kit/keyed-signal.ts';
import { newLog } from '../../src/kit/log.ts';
import { sealOf } from '../../src/kit/seal.ts';
import { FREE_HOSTNAMES } from '../../src/operation/hostname-policy.ts';
import { NO_BACKUPS } from '../../src/operation/insert-backup.ts';
import { NOTHING_MANAGED } from '../../src/operation/managed-policy.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import { FREE_NAMES } from '../../src/pack/name-policy.ts';
import { TRUSTED } from '../../src/pack/zone-life.ts';
import { PageIndexes } from '../../src/store/list/page-index.ts';
import { Reader } from '../../src/store/protocol/reader.ts';
import { openPool } from '../../src/store/store.ts';
import { trustIn } from '../../src/upload/trust.ts';

/** The API, as `serve` has it. */
interface ApiRole {
  readonly databaseUrl: string;
  readonly pageCacheMb: number;
  readonly readers: number;
  /** Whether pages are found by counts in memory where that pays; else every page is walked to. */
  readonly hasPageIndex: boolean;
}

/** A bare server of the pages of an API. */
interface BareRole {
  readonly origin: string;
  readonly token: string;
  readonly paths: readonly string[];
}

/** What a server is to be. */
export type Role = ApiRole | BareRole;

/** What its process has used so far. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssMb: number;
  /** Heap and buffers that are in use. */
  readonly heapMb: number;
}

process.on('message', (message: Role | 'usage' | 'collect') => {
  if (message === 'collect') globalThis.gc?.();
  if (message === 'usage' || message === 'collect') process.send?.(usage());
  else void begin(message);
});
process.on('disconnect', () => process.exit());

async function begin(role: Role): Promise<void> {
  try {
    process.send?.({ port: await ('origin' in role ? bare(role) : api(role)) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const heapMb = (heapUsed + external) / 2 ** 20;
  return { cpuMs: (user + system) / 1_000, rssMb: Math.round(rss / 2 ** 20), heapMb };
}

async function api({ databaseUrl, pageCacheMb, readers, hasPageIndex }: ApiRole): Promise<number> {
  if (!hasPageIndex) PageIndexes.prototype.isWorth = () => false;
  const pool = openPool({ connectionString: databaseUrl, max: 4 }, () => undefined);
  const app = await buildApi({
    pool,
    reader: new Reader(pool, readers),
    clock: systemClock(),
    trust: trustIn([]),
    demandKeyPlace: () => undefined,
    pushChange: () => undefined,
    json: { delegationZone: 'dcv.example.net' },
    brandingDomain: '',
    log: newLog('warn'),
    installation: 'bench',
    pageCacheBytes: pageCacheMb * 2 ** 20,
    rows: new Map(),
    orderWait: 0,
    isApexDemanded: false,
    names: FREE_NAMES,
    auditLife: 0,
    quotas: NO_QUOTAS,
    hostnames: FREE_HOSTNAMES,
    backups: NO_BACKUPS,
    managed: NOTHING_MANAGED,
    zonePolicy: TRUSTED,
    publicAddresses: [],
    keys: new KeyPool({ size: 0, atOnce: 1 }),
    seal: sealOf(randomBytes(32)),
    alerting: { isMailed: false, mayReach: () => false },
    moves: new KeyedSignal(),
    poke: () => undefined,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return portOf(app.server);
}

/** Fetches every page once, from the API, and from then on sends them as they came. */
async function bare({ origin, token, paths }: BareRole): Promise<number> {
  const pages = new Map<string, Answer>();
  for (const path of new Set(paths)) pages.set(path, await fetchPage(`${origin}${path}`, token));
  const server = createServer((asked, reply) => {
    const page = pages.get(asked.url ?? '');
    reply.writeHead(page ? 200 : 404, page?.headers ?? {});
    reply.end(page?.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server);
}

interface Answer {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Those headers of an answer that Node does not send by itself. */
const KEPT = ['cache-control', 'vary', 'etag', 'content-type', 'content-length'];

async function fetchPage(url: string, token: string): Promise<Answer> {
  const asked = request(url, { headers: { authorization: `Bearer ${token}` } }).end();
  const [answer] = await once(asked, 'response');
  const body = await buffer(answer);
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode} ${body.toString()}`);
  const headers = Object.fromEntries(KEPT.map((name) => [name, String(answer.headers[name])]));
  return { headers, body };
}

const portOf = (server: Server): number => {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
};
