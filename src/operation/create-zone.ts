import { Fault } from '../kit/fault.ts';
import { isKeptFor, isPrivateSuffix, type NamePolicy, registeredDomain } from '../pack/name-policy.ts';
import type { ZoneType } from '../pack/pack.ts';
import type { ZonePolicy } from '../pack/zone-life.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockDomain, lookAtName, takeUpName } from '../store/names.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { unlook } from '../store/zone-life.ts';
import { claimZone, notFree } from '../store/zones.ts';
import { activateZone } from './activate-zone.ts';
import { assignNameServers } from './name-servers.ts';
import { checkZoneQuota, type Quotas } from './quotas.ts';
import type { ActivationDeps } from './zone-became-active.ts';
import { zoneEvent } from './zone-event.ts';

/** A zone that is asked for; its name in A-labels. */
export interface NewZone {
  readonly accountId: string;
  readonly name: string;
  readonly type: ZoneType;
  /** Where it is not to be a random one. */
  readonly id?: string | undefined;
}

/** What a new zone is checked by. */
export interface CreateZoneDeps extends ActivationDeps {
  readonly pool: Pool;
  readonly zonePolicy: ZonePolicy;
  readonly quotas: Quotas;
}

/**
 * Makes a zone; its id. It is active at once where accounts are trusted; else it claims its name, as zones of other accounts
 * may, and is looked at soon. Throws `zone_exists` where the name is not free for the account, `invalid_zone_name` for a
 * public suffix of the list's private part, or `quota_reached`.
 */
export function createZone(deps: CreateZoneDeps, zone: NewZone, by: Actor): Promise<string> {
  checkSuffix(deps.names, zone);
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    await checkName(tx, deps, zone, now);
    await checkZoneQuota(tx, deps, zone.accountId, now);
    const assigned = zone.type === 'full' ? await assignNameServers(tx, deps.zonePolicy, zone) : undefined;
    const isUniversalOn = deps.managed.isUniversalOn[zone.type];
    const id = await claimZone(tx, { ...zone, ...assigned, isUniversalOn }, now);
    await recordAudit(tx, zoneEvent('create', { ...zone, id }, by), now);
    if (deps.zonePolicy.activation === 'trust') await trust(tx, deps, { ...zone, id }, now);
    return id;
  });
}

/** Makes a new zone active without a look. */
async function trust(
  tx: Tx,
  deps: CreateZoneDeps,
  zone: NewZone & { readonly id: string },
  now: Date,
): Promise<void> {
  const { kind } = await activateZone(tx, deps, zone, { now });
  if (kind !== 'active') throw notFree(zone.name);
  await unlook(tx, zone.id);
}

function checkSuffix({ suffixAccounts }: NamePolicy, { name, accountId }: NewZone): void {
  if (!isPrivateSuffix(name) || suffixAccounts.includes(accountId)) return;
  const why = 'is a public suffix by the private part of that list: names below it have many owners';
  const way = 'the operator can allow this account (option suffix_accounts)';
  throw new Fault('invalid_zone_name', `${name} ${why}; ${way}`, { pointer: '/name' });
}

/**
 * All is looked at before anything is said: neither the words nor the time tell what it is that stands in the way. What
 * other accounts have, or had, does so only where nobody shows control: else whoever does has the name.
 */
async function checkName(
  tx: Tx,
  { names, zonePolicy }: CreateZoneDeps,
  { accountId, name }: NewZone,
  now: Date,
): Promise<void> {
  const asked = { accountId, name, domain: registeredDomain(name) };
  await lockDomain(tx, asked.domain, now);
  const { isOwn, isHeld, isResting, first } = await lookAtName(tx, { ...asked, rest: names.rest }, now);
  const isKept = isKeptFor(names, name, { accountId, first });
  const isTaken = zonePolicy.activation === 'trust' && (isHeld || isResting);
  if (isTaken || isKept) throw notFree(name);
  if (isOwn) throw new Fault('zone_exists', `the zone ${name} already exists`, { pointer: '/name' });
  if (zonePolicy.activation === 'trust') await takeUpName(tx, asked);
}
