import type { BackupOffer } from '../ca/backup-offer.ts';
import { checkOrderPolicy } from '../ca/order-policy.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { brandingOf } from '../pack/branding.ts';
import { challengeName } from '../pack/delegation.ts';
import { covers, isInZone, toNames } from '../pack/hosts.ts';
import type { NamePolicy } from '../pack/name-policy.ts';
import type { CertificateAuthority, Environment, Pack, PackZone, ValidityDays } from '../pack/pack.ts';
import { PACK_TYPES, type PackType } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';
import type { Actor } from '../store/audit.ts';
import { type DeeperZone, getDeeperZone } from '../store/names.ts';
import { putOrderRequest } from '../store/order-requests.ts';
import { allSent, type Pool, pipelinedAfter, type Tx } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import { demandBranding } from './change-branding.ts';
import { checkHosts } from './check-hosts.ts';
import { checkMethod } from './check-method.ts';
import { demandActive } from './demand-active.ts';
import { type BackupDeps, insertBacked, noOffer, offerFor, withBackup } from './insert-backup.ts';
import { insertPack } from './insert-pack.ts';
import { checkPackQuota, type Quotas } from './quotas.ts';
import { type MakingRequest, type Ordered, repeated, unlessRepeated } from './repeated.ts';

/** What an order is checked by. */
export interface CreatePackDeps extends BackupDeps {
  readonly pool: Pool;
  /** Whether an order must contain the zone's apex. */
  readonly isApexDemanded: boolean;
  readonly names: NamePolicy;
  readonly quotas: Quotas;
}

/** What is ordered, hosts as the subscriber wrote them. */
export interface PackOrder {
  readonly type: string;
  readonly hosts: readonly string[];
  readonly certificateAuthority: CertificateAuthority;
  readonly validationMethod: ValidationMethod;
  readonly validityDays: ValidityDays;
  readonly environment: Environment;
  readonly isBranded: boolean;
  /** Whether it is to have a backup; undefined: as its account's packs have. */
  readonly hasBackup?: boolean | undefined;
}

/** An order with the request that it came by. */
export interface OrderAsk extends MakingRequest {
  readonly zone: PackZone;
  readonly order: PackOrder;
  readonly by: Actor;
  /** Of the pack, where it is not to be a random one. */
  readonly id?: string | undefined;
}

/**
 * Checks an order and stores its pack, due at once; the pack of the first request, where this one repeats it. Throws a Fault
 * with a pointer for an order that nobody could fulfil, `zone_not_active`, `quota_reached`, `key_reused`, or `zone_not_found`.
 */
export async function createPack(deps: CreatePackDeps, ask: OrderAsk): Promise<Ordered> {
  const earlier = await repeated(deps, ask);
  if (earlier !== undefined) return { id: earlier, isNew: false };
  const names = check(deps, ask);
  const offer = offered(deps, ask);
  await checkHosts(deps, ask.zone, names);
  return unlessRepeated(deps, ask, async () => {
    const { zone, request, by, id = newUuid() } = ask;
    const seat = seatFor(deps, { zone, names, isBacked: offer !== undefined });
    await pipelinedAfter(deps.pool, seat, (tx, { ord, lane, deeper, next }) => {
      checkZone(deeper, zone, names);
      const pack = newPack(deps, ask, { id, ord });
      return allSent(
        offer && next
          ? insertBacked(tx, deps, withBackup(deps, pack, { offer, ord: next.ord }), { lane, by })
          : insertPack(tx, deps, pack, { lane, by }),
        putOrderRequest(tx, request, id, deps.clock.now()),
      );
    });
    return id;
  });
}

interface SeatAsk {
  readonly zone: PackZone;
  readonly names: readonly string[];
  readonly isBacked: boolean;
}

/** Takes the places of a new pack and its backup in their zone, and looks at what stands in the way there. */
const seatFor =
  (deps: CreatePackDeps, { zone, names, isBacked }: SeatAsk) =>
  async (tx: Tx) => {
    const [seat, deeper, next] = await Promise.all([
      takeOrd(tx, zone),
      getDeeperZone(tx, zone, names),
      isBacked ? takeOrd(tx, zone) : undefined,
    ]);
    demandActive({ ...zone, ...seat.zone });
    await checkPackQuota(tx, deps, zone, names);
    return { ord: seat.ord, lane: seat.lane, deeper, next };
  };

/** Where the backup of an order comes from; undefined: it has none. Throws `ca_not_configured` where one is asked for in vain. */
function offered(deps: CreatePackDeps, { zone, order }: OrderAsk): BackupOffer | undefined {
  if (!(order.hasBackup ?? deps.backups.accounts.includes(zone.accountId))) return undefined;
  const offer = offerFor(deps, order);
  if (offer || order.hasBackup !== true) return offer;
  throw noOffer(order.certificateAuthority);
}

/** The names of an order's hosts, in A-labels. */
function check(deps: CreatePackDeps, { zone, order }: OrderAsk): string[] {
  checkType(order.type);
  const names = toNames(order.hosts, zone.name);
  checkRecordNames(names);
  if (deps.isApexDemanded && !names.includes(zone.name)) {
    throw new Fault('invalid_host', `hosts must contain the zone's apex ${zone.name}`, { pointer: '/hosts' });
  }
  const row = deps.rows.get(order.certificateAuthority);
  const now = deps.clock.now();
  checkMethod({ method: order.validationMethod, names, row, now }, deps.rows.values());
  if (!row) {
    const known = [...deps.rows.keys()].join(', ') || 'none';
    const sentence = `${order.certificateAuthority} is not configured here; configured: ${known}`;
    throw new Fault('ca_not_configured', sentence, { pointer: '/certificate_authority' });
  }
  demandBranding(deps, order.isBranded);
  const question = { names, validityDays: order.validityDays };
  checkOrderPolicy(row, question, now, [...deps.rows.values()]);
  return names;
}

const ORDERABLE: readonly PackType[] = PACK_TYPES.filter((type) => TYPES[type].api.order);

function checkType(type: string): asserts type is PackType {
  if (ORDERABLE.some((one) => one === type)) return;
  throw new Fault(
    'type_not_orderable',
    `type must be '${ORDERABLE.join("' or '")}': only such packs are ordered`,
    {
      pointer: '/type',
    },
  );
}

/** The record that shows control has a longer name than its host, and DNS has no name over 253 characters. */
function checkRecordNames(names: readonly string[]): void {
  const i = names.findIndex((name) => challengeName(name).length > 253);
  if (i < 0) return;
  const sentence = `the validation record of ${names[i]} would have a name longer than DNS allows; use a shorter host`;
  throw new Fault('invalid_host', sentence, { pointer: `/hosts/${i}` });
}

/**
 * A host belongs to the deepest zone that holds it, and so does what a wildcard covers: a permission for one zone is none
 * for those below it.
 */
function checkZone(deeper: DeeperZone | undefined, zone: PackZone, names: readonly string[]): void {
  if (!deeper) return;
  const i = names.findIndex((name) => isInZone(name, deeper.name) || covers(name, deeper.name));
  throw new Fault('invalid_host', whyDeeper(names[i] ?? '', deeper, zone), { pointer: `/hosts/${i}` });
}

function whyDeeper(host: string, deeper: DeeperZone, zone: PackZone): string {
  if (deeper.accountId !== zone.accountId)
    return `${host} is not for this zone, or covers what is not; order other hosts`;
  return isInZone(host, deeper.name)
    ? `${host} belongs to the zone ${deeper.name}; order it there`
    : `${host} covers ${deeper.name}, which is a zone of its own; order the other names one by one`;
}

function newPack(
  { clock, brandingDomain }: CreatePackDeps,
  { zone, order }: OrderAsk,
  place: { readonly id: string; readonly ord: number },
): Pack {
  const now = clock.now();
  const { type, hasBackup: _, ...ordered } = order;
  checkType(type);
  return {
    ...place,
    ...ordered,
    zone,
    type,
    status: 'initializing',
    statusSince: now,
    createdOn: now,
    modifiedOn: now,
    isDelegated: false,
    brandedAs: brandingOf({ ...order, ...place }, brandingDomain),
    validationRecords: [],
    delegations: [],
    validationErrors: [],
    certificates: [],
    attempts: 0,
    claim: 0,
  };
}
