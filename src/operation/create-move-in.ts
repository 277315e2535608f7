import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { toNames } from '../pack/hosts.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { type MoveInPlan, paceOf, planBehind, planFor } from '../pack/move-in.ts';
import {
  ALGORITHMS,
  type CertificateAuthority,
  PACK_STATUSES,
  type Pack,
  type PackZone,
} from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';
import { isOpen } from '../pack/zone-life.ts';
import type { Actor } from '../store/audit.ts';
import type { StoredMoveIn } from '../store/move-in-row.ts';
import { getLastSlot, getMoveInByKey, insertMoveIn, removeMoveIn } from '../store/move-ins.ts';
import { getPack } from '../store/packs.ts';
import { listCandidates } from '../store/served-hosts.ts';
import { type Db, type Tx, transaction } from '../store/store.ts';
import { findSame, findUpload } from '../store/uploads.ts';
import { takeOrd } from '../store/zones.ts';
import type { GivenUpload, Upload } from '../upload/upload.ts';
import { checkHosts } from './check-hosts.ts';
import { deeperZoneOf } from './deeper-zone-of.ts';
import { insertUpload, readFor, type UploadDeps } from './insert-upload.ts';
import type { ManagedDeps } from './managed-policy.ts';
import { noteMoveIn } from './note-move-in.ts';
import { checkPackQuota, type Quotas } from './quotas.ts';

/** A certificate with its key that moves in, or names without one. */
export interface MoveInAsk {
  readonly zone: PackZone;
  readonly by: Actor;
  readonly given?: GivenUpload | undefined;
  /** As their owner wrote them; where nothing else is given. */
  readonly hosts?: readonly string[] | undefined;
  /** Of the managed pack; undefined: the one that the service likes best. */
  readonly certificateAuthority?: CertificateAuthority | undefined;
  readonly validationMethod: ValidationMethod;
}

/** What becomes, or would become, of one that moves in. */
export interface MoveInOutcome extends Partial<MoveInPlan> {
  /**
   * `import`: it serves, and is replaced before it ends; `order`: a managed pack is ordered; `known`: an earlier import did that;
   * `covered`: a managed pack serves its hosts already, so that nothing is stored.
   */
  readonly action: 'import' | 'order' | 'known' | 'covered';
  readonly hosts: readonly string[];
  readonly endsOn: Date | undefined;
  /** Undefined where nothing was stored. */
  readonly move: StoredMoveIn | undefined;
  /** Pack that an import made, or that serves already. */
  readonly packId: string | undefined;
}

/** What moves are judged and stored by. */
export type CreateMoveInDeps = UploadDeps & ManagedDeps & { readonly quotas: Quotas };

/**
 * Stores what moves in: a certificate as a pack that goes to the edges at once, with the plan for the managed pack that takes its
 * place; names without one as a plan alone. All of it or nothing, and the same twice is one. Throws as `createUpload`;
 * `invalid_host` for names that are not for the zone.
 */
export async function createMoveIn(deps: CreateMoveInDeps, ask: MoveInAsk): Promise<MoveInOutcome> {
  const read = await readAsk(deps, ask);
  const known = await foreseen(deps, ask, read);
  if (known.action === 'known' || known.action === 'covered') return known;
  return transaction(deps.pool, async (tx) => {
    const seat = await takeOrd(tx, ask.zone);
    const earlier = await getMoveInByKey(tx, ask.zone.id, read.key);
    if (earlier && earlier.status !== 'cancelled') return asKnown(earlier);
    if (earlier) await removeMoveIn(tx, { zoneId: ask.zone.id, id: earlier.id });
    const pack = read.upload && (await storeUpload(tx, deps, { ask, upload: read.upload, seat }));
    if (!pack) await checkPackQuota(tx, deps, ask.zone, read.hosts);
    const move = await plan(tx, deps, { ask, read, pack });
    await insertMoveIn(tx, move);
    await noteMoveIn(tx, deps, move, 'create');
    const { plannedFor, wantedBy } = move;
    return { ...known, hosts: move.hosts, move, packId: pack?.id, plannedFor, wantedBy };
  });
}

/** What would become of it, by what is stored now: nothing is. Throws as `createMoveIn`, without quotas. */
export async function foreseeMoveIn(deps: CreateMoveInDeps, ask: MoveInAsk): Promise<MoveInOutcome> {
  return foreseen(deps, ask, await readAsk(deps, ask));
}

/** What was given, read and judged. */
interface Read {
  readonly key: string;
  readonly hosts: readonly string[];
  readonly upload: Upload | undefined;
}

async function readAsk(deps: CreateMoveInDeps, { zone, given, hosts = [] }: MoveInAsk): Promise<Read> {
  if (given) {
    const upload = await readFor(deps, zone, given);
    return { key: upload.leaf.fingerprint, hosts: upload.names, upload };
  }
  const names = toNames(hosts, zone.name);
  await checkHosts(deps, zone, names);
  await deeperZoneOf(deps.pool, zone, names);
  return { key: names.toSorted().join(' '), hosts: names, upload: undefined };
}

async function foreseen(deps: CreateMoveInDeps, ask: MoveInAsk, read: Read): Promise<MoveInOutcome> {
  const { zone } = ask;
  const earlier = await getMoveInByKey(deps.pool, zone.id, read.key);
  if (earlier && earlier.status !== 'cancelled') return asKnown(earlier);
  const { hosts, upload } = read;
  const endsOn = upload?.leaf.notAfter;
  const packId = await coveringAll(deps.pool, zone, hosts);
  const said = { hosts, endsOn, move: undefined, packId };
  if (packId !== undefined) return { action: 'covered', ...said };
  return {
    action: upload ? 'import' : 'order',
    ...said,
    ...(await whenOrdered(deps.pool, deps, ask, endsOn)),
  };
}

const asKnown = (move: StoredMoveIn): MoveInOutcome => ({
  action: 'known',
  hosts: move.hosts,
  endsOn: move.uploadEnds,
  move,
  packId: move.uploadId ?? move.packId,
  plannedFor: move.plannedFor,
  wantedBy: move.wantedBy,
});

/** The managed pack that serves the last of the names, where each is served by one that edges have shown; undefined: one is not. */
async function coveringAll(db: Db, zone: PackZone, names: readonly string[]): Promise<string | undefined> {
  let last: string | undefined;
  for (const name of names) {
    last = await coveringOne(db, zone, name);
    if (last === undefined) return undefined;
  }
  return last;
}

async function coveringOne(db: Db, zone: PackZone, name: string): Promise<string | undefined> {
  for (const { packId, type, zone: of, hasName } of await listCandidates(db, name, 'production')) {
    if (!hasName || of.id !== zone.id || TYPES[type].renewedBy !== 'us') continue;
    if ((await getPack(db, zone.id, packId))?.status === 'active') return packId;
  }
  return undefined;
}

/** Statuses of packs that are there to stay. */
const STAYING = PACK_STATUSES.filter((status) => !isLeaving(status));

interface Storing {
  readonly ask: MoveInAsk;
  readonly upload: Upload;
  readonly seat: Awaited<ReturnType<typeof takeOrd>>;
}

/** The pack of what was brought; that of an earlier upload of the very same. */
async function storeUpload(tx: Tx, deps: CreateMoveInDeps, { ask, upload, seat }: Storing): Promise<Pack> {
  const { zone, by, given } = ask;
  const line = newUuid();
  const { fingerprint } = upload.leaf;
  const same = await findSame(tx, { zoneId: zone.id, statuses: STAYING }, { fingerprint, line });
  const there = same === undefined ? undefined : await findUpload(tx, zone.id, same);
  const pack = there && (await getPack(tx, zone.id, there.packId));
  if (pack) return pack;
  await checkPackQuota(tx, deps, zone, upload.names);
  const bundleMethod = given?.bundleMethod ?? 'ubiquitous';
  const facts = { id: newUuid(), line, isCurrent: true, bundleMethod, priority: 0 };
  const wanted = {
    zone,
    id: newUuid(),
    type: 'sni_custom',
    environment: 'production',
    facts,
    upload,
    by,
  } as const;
  return insertUpload(tx, deps, wanted, seat);
}

async function plan(
  tx: Tx,
  deps: CreateMoveInDeps,
  { ask, read, pack }: { readonly ask: MoveInAsk; readonly read: Read; readonly pack: Pack | undefined },
): Promise<StoredMoveIn> {
  const { zone, by, certificateAuthority, validationMethod } = ask;
  const uploadEnds = read.upload?.leaf.notAfter;
  return {
    id: newUuid(),
    zoneId: zone.id,
    accountId: zone.accountId,
    key: read.key,
    hosts: pack ? pack.hosts : read.hosts,
    uploadId: pack?.id,
    uploadEnds,
    certificateAuthority,
    validationMethod,
    status: 'planned',
    why: isOpen(zone) ? undefined : `the zone ${zone.name} is not active yet, or paused`,
    packId: undefined,
    ...(await whenOrdered(tx, deps, ask, uploadEnds)),
    provingSince: undefined,
    attempts: 0,
    createdOn: deps.clock.now(),
    finishedOn: undefined,
    by,
  };
}

async function whenOrdered(
  db: Db,
  { clock, managed }: ManagedDeps & Pick<UploadDeps, 'clock'>,
  { zone }: MoveInAsk,
  endsOn: Date | undefined,
): Promise<MoveInPlan> {
  const now = clock.now();
  if (endsOn) return planFor(endsOn, now, Math.random());
  const pace = managed.moveInOrders > 0 ? paceOf(managed.moveInOrders, ALGORITHMS.length) : 0;
  return planBehind(await getLastSlot(db, zone.accountId), now, pace);
}

/** The fault of whoever asks for a move that the account does not have. */
export const moveInNotFound = (id: string): Fault =>
  new Fault('move_in_not_found', `the account has no move ${id}`);
