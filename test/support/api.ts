import type { TestContext } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { type ApiDeps } from '../../src/api/deps.ts';
import { isAllowed } from '../../src/dns/address.ts';
import { KeyedSignal } from '../../src/kit/keyed-signal.ts';
import { after, days } from '../../src/kit/time.ts';
import { FREE_HOSTNAMES } from '../../src/operation/hostname-policy.ts';
import { NO_BACKUPS } from '../../src/operation/insert-backup.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import type { Certificate, Pack } from '../../src/pack/pack.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { Reader } from '../../src/store/protocol/reader.ts';
import type { Statement } from '../../src/store/statement.ts';
import { transaction } from '../../src/store/store.ts';
import type { Token } from '../../src/store/token-row.ts';
import { createToken } from '../../src/store/tokens.ts';
import type { Zone } from '../../src/store/zone-row.ts';
import { createZone, getZone } from '../../src/store/zones.ts';
import { trustIn } from '../../src/upload/trust.ts';
import { startJobDeps, type TestJobDeps } from './job-deps.ts';
import { givenCertificate } from './pack.ts';

/** The API over a database of the test's own; no worker, CA or edge is there. */
export interface TestApi {
  readonly jobs: TestJobDeps;
  /** What the API is built on. */
  readonly deps: ApiDeps;
  /** Base URL, as clients are given it. */
  readonly url: string;
  /** Asks as the bearer of `token`. */
  get(path: string, token: string): Promise<Response>;
}

/** Starts the API at a free port. */
export const startApi = async (ends: AsyncDisposableStack): Promise<TestApi> =>
  apiOn(ends, await startJobDeps(ends));

/** The same on a database that is ready. */
export async function apiOn(ends: AsyncDisposableStack, jobs: TestJobDeps): Promise<TestApi> {
  const reader = new Reader(jobs.pool, 2);
  ends.defer(() => reader.close());
  const deps: ApiDeps = {
    ...jobs,
    reader,
    trust: trustIn([]),
    demandKeyPlace: () => undefined,
    pushChange: () => undefined,
    installation: 'the test’s',
    pageCacheBytes: 0,
    rows: new Map(),
    orderWait: 0,
    isApexDemanded: false,
    quotas: NO_QUOTAS,
    hostnames: FREE_HOSTNAMES,
    backups: NO_BACKUPS,
    publicAddresses: [],
    alerting: { isMailed: false, mayReach: (address) => isAllowed(address, []) },
    browserClock: jobs.clock,
    moves: new KeyedSignal(),
    poke: () => undefined,
  };
  const app = await buildApi(deps);
  ends.defer(() => app.close());
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  const get = (path: string, token: string) =>
    fetch(url + path, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(30_000) });
  return { jobs, deps, url, get };
}

/** Lets `before` look at each statement that the API's reader runs; what it throws, the reader throws. */
export function watchReader(t: TestContext, { deps }: TestApi, before: (statement: Statement) => void): void {
  const read = deps.reader.read.bind(deps.reader);
  t.mock.method(deps.reader, 'read', async (...asked: Parameters<Reader['read']>) => {
    before(asked[0]);
    return read(...asked);
  });
}

/** An account with zones of these names, and a token for all of it. */
export interface TestAccount {
  readonly id: string;
  readonly token: string;
  readonly zones: readonly Zone[];
}

/** A new account. */
export async function givenAccount(
  { pool, clock }: TestJobDeps,
  zoneNames: readonly string[],
): Promise<TestAccount> {
  const { id } = await createAccount(pool, 'test', clock.now());
  const zones: Zone[] = [];
  for (const name of zoneNames) {
    const named = { accountId: id, name, type: 'partial' } as const;
    const zoneId = await transaction(pool, (tx) => createZone(tx, named, clock.now()));
    const zone = await getZone(pool, id, zoneId);
    if (zone) zones.push(zone);
  }
  return { id, token: await tokenFor({ pool, clock }, { accountId: id }), zones };
}

/** A token that reads, for all of an account or some zones. */
export const tokenFor = (
  { pool, clock }: Pick<TestJobDeps, 'pool' | 'clock'>,
  of: Pick<Token, 'accountId'> & { readonly zones?: readonly string[] },
): Promise<string> => createToken(pool, { name: 'test', access: 'read', ...of }, clock.now());

/** Certificates of which the first ends at that instant. */
export const endingOn = (end: Date): Certificate[] => [
  givenCertificate({ notAfter: end }),
  givenCertificate({ algorithm: 'rsa', notAfter: after(end, days(1)) }),
];

/**
 * Copies of a pack in its zone, `n` of them, written past the service: they are in no count. Their JSON is padded to
 * `bytes`.
 */
export async function givenCopies(jobs: TestJobDeps, pack: Pack, n: number, bytes = 0): Promise<void> {
  await transaction(jobs.pool, async (tx) => {
    const { rows } = await tx.query<{ columns: string }>(
      `select string_agg(column_name, ', ' order by ordinal_position) as columns from information_schema.columns
        where table_name = 'packs' and column_name not in ('id', 'ord', 'wire', 'due_at')`,
    );
    const columns = rows[0]?.columns ?? '';
    await tx.query(
      `insert into packs (id, ord, wire, ${columns})
       select gen_random_uuid(), next_ord + i - 1, rpad(left(wire, -1), $3 - 1) || '}', ${columns
         .split(', ')
         .map((column) => `packs.${column}`)
         .join(', ')}
         from packs join zones on zones.id = zone_id, generate_series(1, $2) as i
        where packs.id = $1`,
      [pack.id, n, bytes],
    );
    await tx.query('update zones set next_ord = next_ord + $2 where id = $1', [pack.zone.id, n]);
  });
}
