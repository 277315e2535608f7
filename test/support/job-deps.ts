import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EdgeRow, ShownLeaf } from '../../src/edge/edge.ts';
import { run } from '../../src/job/engine/run.ts';
import type { JobDeps } from '../../src/job/job.ts';
import { KeyPool } from '../../src/key/key-pool.ts';
import { type Clock, VirtualClock } from '../../src/kit/clock.ts';
import { newUuid } from '../../src/kit/id.ts';
import { KeyedSignal } from '../../src/kit/keyed-signal.ts';
import { newLog } from '../../src/kit/log.ts';
import { sealOf } from '../../src/kit/seal.ts';
import { after, days } from '../../src/kit/time.ts';
import { insertPack } from '../../src/operation/insert-pack.ts';
import { NOTHING_MANAGED } from '../../src/operation/managed-policy.ts';
import { render } from '../../src/operation/render.ts';
import { FREE_NAMES } from '../../src/pack/name-policy.ts';
import { ALGORITHMS, type Algorithm, type Pack, type PackZone } from '../../src/pack/pack.ts';
import { TRUSTED } from '../../src/pack/zone-life.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { putCertificate } from '../../src/store/certificates.ts';
import { type Claimed, claimDue } from '../../src/store/claims.ts';
import { migrate } from '../../src/store/migrate.ts';
import { getPack } from '../../src/store/packs.ts';
import { type Db, openPool, transaction } from '../../src/store/store.ts';
import { EVERY_CELL } from '../../src/store/zone-key.ts';
import { createZone, getZone, takeOrd } from '../../src/store/zones.ts';
import { startTestDatabaseWithSchema } from './database.ts';
import { EMPTY } from './empty-tables.ts';
import { assertStored, countCertificates } from './stored.ts';

/** What jobs are given, on a database of the test's own; the world around it is in the test's hands. */
export interface TestJobDeps extends JobDeps {
  readonly clock: VirtualClock;
}

/** Starts a database with an empty schema. Nobody answers but the database: no CA, DNS or edge. */
export async function startJobDeps(ends: AsyncDisposableStack): Promise<TestJobDeps> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-jobs-'));
  chmodSync(dir, 0o711);
  ends.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const database = await startTestDatabaseWithSchema(dir);
  ends.defer(() => database.stop());
  const pool = openPool({ ...database.connection, max: 8, statement_timeout: 5_000 }, () => undefined);
  ends.defer(() => pool.end());
  await migrate(pool);
  return jobDepsOn(ends, pool);
}

/** The same on a database that is ready. */
export function jobDepsOn(ends: AsyncDisposableStack, pool: TestJobDeps['pool']): TestJobDeps {
  const keys = new KeyPool({ size: 0, atOnce: 2 });
  ends.defer(() => keys.close());
  return {
    pool,
    worker: 'test',
    clock: new VirtualClock(),
    log: newLog('silent'),
    json: { delegationZone: '' },
    brandingDomain: 'brand.example.net',
    seal: sealOf(randomBytes(32)),
    cas: new Map(),
    keys,
    precheckTxt: async (record) => ({
      ...record,
      isVisible: false,
      seen: [],
      problem: `${record.txtName}: not seen`,
    }),
    precheckHttp: async (wanted) => ({
      ...wanted,
      isVisible: false,
      seen: [],
      problem: `${wanted.url}: not seen`,
    }),
    precheckCaa: async () => ({ doubts: [] }),
    publishers: new Map(),
    names: FREE_NAMES,
    zonePolicy: TRUSTED,
    lookAtDelegation: async () => ({ nameServers: [], outcome: 'unknown' }),
    managed: NOTHING_MANAGED,
    edges: [],
    showLeaf: async () => undefined,
    verification: { namesPerSecond: 1_000, awayAfter: 600 },
    auditLife: 0,
    controlLife: 0,
    alerts: {
      send: async () => ({ kind: 'failed', why: 'nobody is told here' }),
      publicUrl: '',
      digestAfter: 0,
      mayMail: () => true,
    },
    moves: new KeyedSignal(),
    pushChange: () => undefined,
  };
}

/** Holds that all is stored as lists need it (`assertStored`), then removes everything that an earlier test left. */
export async function clear({ pool, json: reply }: TestJobDeps): Promise<void> {
  await assertStored(pool, reply);
  await pool.query(EMPTY);
}

/** A zone of an account of its own. */
export async function givenZone(
  deps: TestJobDeps,
  name: string,
  type: 'full' | 'partial' = 'full',
): Promise<PackZone> {
  const { id: accountId } = await createAccount(deps.pool, name, deps.clock.now());
  const named = { accountId, name, type };
  const id = await transaction(deps.pool, (tx) => createZone(tx, named, deps.clock.now()));
  const zone = await getZone(deps.pool, accountId, id);
  if (!zone) throw new Error('a zone that was just made is there');
  return zone;
}

/** A new pack for the zone's apex, due at once, with what `change` says of it. Returns its id. */
export async function givenPack(
  deps: Pick<TestJobDeps, 'pool' | 'json' | 'brandingDomain'> & { readonly clock: Clock },
  zone: PackZone,
  change: Partial<Pack> = {},
): Promise<string> {
  const id = newUuid();
  const now = deps.clock.now();
  await transaction(deps.pool, async (tx) => {
    const { ord, lane } = await takeOrd(tx, zone);
    const pack: Pack = {
      ...NEW,
      id,
      zone,
      ord,
      hosts: [zone.name],
      statusSince: now,
      createdOn: now,
      modifiedOn: now,
    };
    await insertPack(tx, deps, { ...pack, ...change }, { lane });
  });
  return id;
}

const NEW = {
  type: 'advanced',
  status: 'initializing',
  certificateAuthority: 'lets_encrypt',
  validationMethod: 'txt',
  validityDays: 90,
  environment: 'production',
  isDelegated: false,
  isBranded: false,
  validationRecords: [],
  delegations: [],
  validationErrors: [],
  certificates: [],
  attempts: 0,
  claim: 0,
} as const satisfies Partial<Pack>;

/** Gives a pack certificates of these algorithms that end in 90 days; only their fingerprints are real. */
export async function givenCertificates(
  deps: TestJobDeps,
  packId: string,
  algorithms: readonly Algorithm[] = ALGORITHMS,
): Promise<void> {
  const now = deps.clock.now();
  const dates = { notBefore: now, notAfter: after(now, days(90)), uploadedOn: now, modifiedOn: now };
  await transaction(deps.pool, async (tx) => {
    for (const algorithm of algorithms) {
      const said = { algorithm, hosts: [], issuer: 'x', signature: 'x', serial: '1', ...dates };
      const leaf = { ...said, id: newUuid(), fingerprint: randomBytes(32).toString('hex') };
      await putCertificate(tx, await claimed(tx, packId), leaf, {
        chain: 'none',
        sealedKey: Buffer.from('none'),
        table: 'certificates',
      });
    }
    const pack = await claimed(tx, packId);
    const { json: wire } = render(deps, pack);
    await tx.query('update packs set wire = $2, expires_on = $3 where id = $1', [
      packId,
      wire,
      dates.notAfter,
    ]);
    await countCertificates(tx, pack);
  });
}

/** The pack as it is stored. */
export const packOf = ({ pool }: TestJobDeps, id: string): Promise<Pack> => claimed(pool, id);

async function claimed(db: Db, id: string): Promise<Pack> {
  const pack = await getPack(db, await zoneIdOf(db, id), id);
  if (!pack) throw new Error(`no pack ${id}`);
  return pack;
}

async function zoneIdOf(db: Db, id: string): Promise<string> {
  const { rows } = await db.query<{ zone_id: string }>('select zone_id from packs where id = $1', [id]);
  return rows[0]?.zone_id ?? '';
}

/** Names that the pack covers on the edges. */
export async function servedHosts({ pool }: TestJobDeps, id: string): Promise<string[]> {
  const { rows } = await pool.query<{ host: string }>('select host from served_hosts where pack_id = $1', [
    id,
  ]);
  return rows.map(({ host }) => host).toSorted();
}

/** Seconds of the clock until the pack is due, rounded; undefined where it never is. */
export async function dueIn({ pool, clock }: TestJobDeps, id: string): Promise<number | undefined> {
  const { rows } = await pool.query<{ due_at: Date | null }>('select due_at from packs where id = $1', [id]);
  const at = rows[0]?.due_at;
  return at ? Math.round((at.getTime() - clock.now().getTime()) / 1_000) + 0 : undefined;
}

/** Claims up to `most` due packs. */
export const claim = (
  deps: TestJobDeps,
  most = 16,
  db: Parameters<typeof claimDue>[0] = deps.pool,
): Promise<Claimed[]> =>
  claimDue(db, deps.clock, { worker: deps.worker, cells: EVERY_CELL, most, first: 0, inHand: [] });

/** Claims every due pack and carries each until it waits. */
export async function carryAll(deps: TestJobDeps, signal = new AbortController().signal): Promise<void> {
  for (const one of await claim(deps)) await run(deps, one, signal);
}

/** DNS in which every record can be seen. */
export const allVisible: JobDeps['precheckTxt'] = async (record) => ({
  ...record,
  isVisible: true,
  seen: [],
});

/** A production edge of that name, which only `showLeaf` knows. */
export const edgeNamed = (name: string): EdgeRow => ({ ...PLACE, name });

const PLACE = { kind: 'bundled', environment: 'production', host: '127.0.0.1', port: 1 } as const;

/** Edges that show for each name what the database wishes there. */
export const truthful =
  ({ pool }: TestJobDeps): JobDeps['showLeaf'] =>
  async (_edge, { name, algorithm }) => {
    const { rows } = await pool.query<{ fingerprint: string }>(
      `select fingerprint from certificates join served_hosts using (pack_id) where host = $1 and algorithm = $2`,
      [name, algorithm],
    );
    return rows[0] && shown(rows[0].fingerprint);
  };

/** A leaf as an edge shows it. */
export const shown = (fingerprint: string): ShownLeaf => ({ ...LEAF, fingerprint });

const LEAF = { subject: '', issuer: 'Other CA', notAfter: new Date(0), hosts: [], protocol: 'TLSv1.3' };
