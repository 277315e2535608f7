/** How long the list of an account takes by each filter, against a database that was filled before. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { buildApi } from '../src/api/api.ts';
import type { ApiDeps } from '../src/api/deps.ts';
import { KeyPool } from '../src/key/key-pool.ts';
import { systemClock } from '../src/kit/clock.ts';
import { KeyedSignal } from '../src/kit/keyed-signal.ts';
import { newLog } from '../src/kit/log.ts';
import { sealOf } from '../src/kit/seal.ts';
import { FREE_HOSTNAMES } from '../src/operation/hostname-policy.ts';
import { NO_BACKUPS } from '../src/operation/insert-backup.ts';
import { NOTHING_MANAGED } from '../src/operation/managed-policy.ts';
import { NO_QUOTAS } from '../src/operation/quotas.ts';
import { FREE_NAMES } from '../src/pack/name-policy.ts';
import { TRUSTED } from '../src/pack/zone-life.ts';
import { Reader } from '../src/store/protocol/reader.ts';
import { openPool, type Pool } from '../src/store/store.ts';
import { createToken, deleteTokensNamed } from '../src/store/tokens.ts';
import { trustIn } from '../src/upload/trust.ts';

export interface AccountBenchOptions {
  readonly databaseUrl: string;
  /** Requests of each filter; 1,000 unless told. */
  readonly requests?: number;
  /** Requests under way at a time; 1 unless told. */
  readonly atOnce?: number;
}

/** Milliseconds of one filter's requests. */
export interface AccountFigure {
  readonly filter: string;
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Packs of a page, on average. */
  readonly packs: number;
}

/** Pages that one walk takes before it begins anew elsewhere. */
const PAGES = 10;

/**
 * Walks through the account with the most zones, over HTTP on loopback, by each filter alone and by status with zone.
 * Only reads, but for a token that it makes and removes.
 */
export async function accountBench(
  options: AccountBenchOptions,
  say: (what: string) => void,
): Promise<AccountFigure[]> {
  await using ends = new AsyncDisposableStack();
  const pool = openPool({ connectionString: options.databaseUrl, max: 4 }, () => undefined);
  ends.defer(() => pool.end());
  const accountId = await largestAccount(pool);
  const token = await createToken(pool, { accountId, name: NAME, access: 'read' }, new Date());
  ends.defer(async () => void (await deleteTokensNamed(pool, accountId, NAME)));
  const url = await listen(pool, ends);
  const agent = new Agent({ keepAlive: true });
  ends.defer(() => agent.destroy());
  const base = `${url}/client/v4/accounts/${accountId}/ssl/certificate_packs`;
  const get = (query: string): Promise<Page> => page(agent, `${base}?${query}`, token);
  const samples = await samplesOf(pool, accountId);
  const figures: AccountFigure[] = [];
  for (const [filter, queryOf] of FILTERS) {
    const figure = await measure(filter, () => queryOf(oneOf(samples)), get, options);
    say(`${filter}: ${figure.requests} requests, p50 ${figure.p50} ms, p99 ${figure.p99} ms`);
    figures.push(figure);
  }
  return figures;
}

const NAME = 'bench of the account';

/** The account with the most zones. */
export async function largestAccount(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ account_id: string }>(
    'select account_id from zones group by 1 order by count(*) desc limit 1',
  );
  if (!rows[0]) throw new Error('the database has no zones');
  return rows[0].account_id;
}

/** The API over a database, with other parts where they are given; it ends with `ends`. Its URL. */
export async function listen(
  pool: Pool,
  ends: AsyncDisposableStack,
  parts: Partial<ApiDeps> = {},
): Promise<string> {
  const reader = new Reader(pool, 2);
  ends.defer(() => reader.close());
  const app = await buildApi({
    pool,
    reader,
    clock: systemClock(),
    trust: trustIn([]),
    demandKeyPlace: () => undefined,
    pushChange: () => undefined,
    json: { delegationZone: '' },
    brandingDomain: '',
    log: newLog('silent'),
    installation: NAME,
    pageCacheBytes: 0,
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
    ...parts,
  });
  ends.defer(() => app.close());
  return app.listen({ host: '127.0.0.1', port: 0 });
}

/** What filters ask for: of a pack that is there. */
interface Sample {
  readonly status: string;
  readonly type: string;
  readonly ca: string;
  readonly zoneId: string;
  readonly zoneName: string;
  readonly host: string;
}

async function samplesOf(pool: Pool, accountId: string): Promise<Sample[]> {
  const { rows } = await pool.query<Sample>(
    `select packs.status, packs.type, certificate_authority as ca, zone_id as "zoneId", zones.name as "zoneName",
            hosts[1] as host
       from packs tablesample system (${await shareOf(pool)}) join zones on zones.id = zone_id
      where packs.account_id = $1 limit 2000`,
    [accountId],
  );
  if (rows.length === 0) throw new Error('the database has too few packs to take samples of');
  return rows;
}

/** Of the table's blocks, in percent: so many that there are a few thousand packs in them. */
async function shareOf(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ share: number }>(
    "select least(100, 500000 / greatest(reltuples, 1))::float8 as share from pg_class where oid = 'packs'::regclass",
  );
  return rows[0]?.share ?? 100;
}

const inDays = (n: number): string => new Date(Date.now() + n * 86_400_000).toISOString();

const FILTERS: readonly (readonly [string, (sample: Sample) => string])[] = [
  ['none', () => ''],
  ['status', ({ status }) => `status=${status}`],
  ['type', ({ type }) => `type=${type}`],
  ['certificate_authority', ({ ca }) => `certificate_authority=${ca}`],
  ['deploy', () => `deploy=${oneOf(['production', 'staging'])}`],
  ['zone_id', ({ zoneId }) => `zone_id=${zoneId}`],
  ['expires_before', () => `expires_before=${inDays(oneOf([-300, -1, 7, 30, 90]))}`],
  ['host', ({ host }) => `host=${encodeURIComponent(host)}`],
  ['host.suffix', ({ zoneName }) => `host.suffix=${zoneName}`],
  ['direction=desc', () => 'direction=desc'],
  ['order=expires_on', () => 'order=expires_on'],
  ['order=expires_on, desc', () => 'order=expires_on&direction=desc'],
  ['status, zone_id', ({ status, zoneId }) => `status=${status}&zone_id=${zoneId}`],
  ['status, expires_before', ({ status }) => `status=${status}&expires_before=${inDays(7)}`],
  ['ca, zone_id', ({ ca, zoneId }) => `certificate_authority=${ca}&zone_id=${zoneId}`],
];

const oneOf = <T>(all: readonly T[]): T => {
  const one = all[Math.floor(Math.random() * all.length)];
  if (one === undefined) throw new Error('nothing to choose from');
  return one;
};

interface Page {
  readonly count: number;
  readonly cursor: string | undefined;
}

async function measure(
  filter: string,
  queryOf: () => string,
  get: (query: string) => Promise<Page>,
  { requests = 1_000, atOnce = 1 }: AccountBenchOptions,
): Promise<AccountFigure> {
  const times: number[] = [];
  let packs = 0;
  const walk = async () => {
    const query = `per_page=20&${queryOf()}`;
    let cursor: string | undefined;
    for (let i = 0; i < PAGES && times.length < requests; i += 1) {
      const begun = performance.now();
      const one = await get(cursor === undefined ? query : `${query}&cursor=${cursor}`);
      times.push(performance.now() - begun);
      packs += one.count;
      ({ cursor } = one);
      if (cursor === undefined) return;
    }
  };
  const walkOn = async () => {
    while (times.length < requests) await walk();
  };
  await Promise.all(Array.from({ length: atOnce }, walkOn));
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
  return {
    filter,
    requests: times.length,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    packs: round(packs / times.length),
  };
}

const round = (n: number): number => Math.round(n * 100) / 100;

/** The end of a page's body tells enough; to parse the whole would be measured, too. */
async function page(agent: Agent, url: string, token: string): Promise<Page> {
  const asked = request(url, { agent, headers: { authorization: `Bearer ${token}` }, timeout: 30_000 }).end();
  const [response] = await once(asked, 'response');
  const body = await buffer(response);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${body.toString()}`);
  const tail = body.subarray(-2_000).toString();
  const [, count, cursor] =
    /"result_info":\{"count":(\d+),"per_page":\d+(?:,"cursor":"([^"]+)")?,"cursors":\{[^}]*\}\}\}$/.exec(
      tail,
    ) ?? [];
  return { count: Number(count), cursor };
}
