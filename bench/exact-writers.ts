import { systemClock } from '../src/kit/clock.ts';
import { Fault, type FaultName } from '../src/kit/fault.ts';
import { newUuid } from '../src/kit/id.ts';
import { advance, packMoved } from '../src/operation/advance.ts';
import { failOver } from '../src/operation/fail-over.ts';
import { insertBacked, withBackup } from '../src/operation/insert-backup.ts';
import { insertPack } from '../src/operation/insert-pack.ts';
import { type AdvanceDeps } from '../src/operation/operation.ts';
import { lifeWork } from '../src/operation/work.ts';
import { may, type PackEvent } from '../src/pack/lifecycle.ts';
import { ENVIRONMENTS, PACK_STATUSES, type Pack } from '../src/pack/pack.ts';
import { OPERATOR } from '../src/store/audit.ts';
import { deletePack } from '../src/store/pack-writes.ts';
import { getPackAt } from '../src/store/packs.ts';
import { autocommit, type Pool, stateOf, type Tx, transaction } from '../src/store/store.ts';
import type { Zone } from '../src/store/zone-row.ts';
import { takeOrd, touchZone } from '../src/store/zones.ts';

/** What came of writes. */
export interface WriteCounts {
  writes: number;
  rolled_back: number;
  /** Times that a pack and its backup changed places. */
  failovers: number;
  /** Deadlocks that got through to who wrote or read. */
  deadlocks: number;
}

export const deps: AdvanceDeps = { clock: systemClock(), json: { delegationZone: '' }, brandingDomain: '' };

/** One of several, by chance. */
export function pick<T>(from: readonly T[]): T {
  const place = Math.floor(Math.random() * from.length);
  for (const one of from.slice(place, place + 1)) return one;
  throw new Error('nothing to pick from');
}

/** Counts what ended a write; what was not to be expected is thrown. */
export function count(result: WriteCounts, error: unknown): void {
  if (stateOf(error) === '40P01') result.deadlocks += 1;
  else if (error instanceof RollBack || (error instanceof Fault && PASSING.includes(error.fault)))
    result.rolled_back += 1;
  else throw error;
}

/** Refusals of what another writer changed meanwhile, or of packs that cannot change places as they are. */
const PASSING: readonly FaultName[] = ['pack_moved', 'pack_not_found', 'no_backup', 'backup_not_ready'];

/** A writer thinks better of it. */
class RollBack extends Error {}

/** A new pack in any status; one of five has a backup. */
export function addPack(pool: Pool, zone: Zone): Promise<void> {
  const now = deps.clock.now();
  const times = { statusSince: now, createdOn: now, modifiedOn: now };
  return transaction(pool, async (tx) => {
    const { ord, lane } = await takeOrd(tx, zone);
    const changed = { type: pick(MADE), status: pick(PACK_STATUSES), environment: pick(ENVIRONMENTS) };
    const pack = { ...NEW, ...times, ...changed, id: newUuid(), zone, ord, hosts: [zone.name] };
    if (Math.random() < 0.2) await addBacked(tx, pack, lane);
    else await insertPack(tx, deps, pack, { lane });
    maybeNot();
  });
}

async function addBacked(tx: Tx, ordered: Pack, lane: number): Promise<void> {
  const { ord } = await takeOrd(tx, ordered.zone);
  const offer = { certificateAuthority: 'lets_encrypt', validityDays: 90 } as const;
  const { pack, backup } = withBackup(deps, { ...ordered, status: 'active' }, { offer, ord });
  await insertBacked(tx, deps, { pack, backup: { ...backup, status: 'backup_issued' } }, { lane });
}

const MADE = ['advanced', 'universal', 'total_tls'] as const;

const NEW = {
  certificateAuthority: 'google',
  validationMethod: 'txt',
  validityDays: 90,
  isDelegated: false,
  isBranded: false,
  validationRecords: [],
  delegations: [],
  validationErrors: [],
  certificates: [],
  attempts: 0,
  claim: 0,
} as const satisfies Partial<Pack>;

/** One write in five is rolled back when all of it was done. */
function maybeNot(): void {
  if (Math.random() < 0.2) throw new RollBack();
}

interface Writing {
  /** Packs in a zone from which on none is added: brute force takes longer with each. */
  readonly most: number;
  readonly result: WriteCounts;
}

/** One write by chance: adds, moves, deletes, has two change places, or rolls all of it back. */
export async function change(pool: Pool, zone: Zone, { most, result }: Writing): Promise<void> {
  const chance = Math.random();
  const { rows } = await pool.query<{ ord: number }>('select ord::int from packs where zone_id = $1', [
    zone.id,
  ]);
  if (rows.length === 0 || (chance < 0.3 && rows.length < most)) await addPack(pool, zone);
  else {
    if (chance < 0.4) return changeAlone(pool, zone, pick(rows).ord, result);
    if (chance < 0.5) return changePlaces(pool, zone, result);
    const ords = chance < 0.9 ? [pick(rows).ord] : [pick(rows).ord, pick(rows).ord];
    await transaction(pool, async (tx) => {
      for (const ord of ords) await moveOrDelete(tx, zone, { ord, isDelete: chance < 0.55 });
      maybeNot();
    });
  }
  result.writes += 1;
}

/** A change that is one statement, as most are. */
async function changeAlone(pool: Pool, zone: Zone, ord: number, result: WriteCounts): Promise<void> {
  const pack = await getPackAt(pool, zone.id, ord);
  const events = pack ? EVENTS.filter((event) => may(pack.status, event)) : [];
  if (!pack || events.length === 0) return;
  await autocommit(pool, zone.id, (db) => advance(db, deps, lifeWork(pack), { event: pick(events) }));
  result.writes += 1;
}

/** Has a pack and its backup change places, where there are such. */
async function changePlaces(pool: Pool, zone: Zone, result: WriteCounts): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(
    'select id from packs where zone_id = $1 and (backup_of is not null or backup_id is not null)',
    [zone.id],
  );
  if (rows.length === 0) return;
  const { isChanged } = await failOver(
    { ...deps, pool },
    { zoneId: zone.id, id: pick(rows).id, by: OPERATOR },
  );
  if (isChanged) result.failovers += 1;
  result.writes += 1;
}

async function moveOrDelete(tx: Tx, zone: Zone, what: { ord: number; isDelete: boolean }): Promise<void> {
  const pack = await getPackAt(tx, zone.id, what.ord);
  if (!pack) return;
  if (what.isDelete) {
    await touchZone(tx, zone.id);
    if (!(await deletePack(tx, pack))) throw packMoved(pack);
    return;
  }
  const events = EVENTS.filter((event) => may(pack.status, event));
  if (events.length > 0) await advance(tx, deps, lifeWork(pack), { event: pick(events) });
}

const EVENTS: readonly PackEvent[] = [
  'done',
  'late',
  'restart',
  'delete',
  'stage',
  'promote',
  'retire',
  'withdraw',
];
