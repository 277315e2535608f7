/** Looks at whether zones are under the control of their accounts: what became of it is an operation. */
import { after, between, type Seconds } from '../../kit/time.ts';
import { recordZoneLook, type ZoneSeen } from '../../operation/record-zone-look.ts';
import { trustZone } from '../../operation/trust-zone.ts';
import { isByText, type Looked, TEXT_LIFE, verificationName } from '../../pack/zone-life.ts';
import { getHolderAbove, listDelegatedTo } from '../../store/name-claims.ts';
import { suffixesOf } from '../../store/published-records.ts';
import { type LookedZone, takeDueZones } from '../../store/zone-life.ts';
import { getZone } from '../../store/zones.ts';
import type { DelegationCheck } from '../../validation/validation.ts';
import type { JobDeps } from '../job.ts';
import { report } from './repeat.ts';

const MOST_AT_ONCE = 32;
/** How long whoever takes a zone has for it: several times the longest look. */
const TERM: Seconds = 60;

/** Looks at zones that are due, side by side; `ring` tells the workers that something may have become due. */
export async function lookAtZones(deps: JobDeps, ring: () => void, signal: AbortSignal): Promise<void> {
  const now = deps.clock.now();
  const due = await takeDueZones(deps.pool, { now, until: after(now, TERM), limit: MOST_AT_ONCE });
  await Promise.all(
    due.map((zone) =>
      lookAt(deps, zone, signal).catch((error: unknown) => {
        if (!signal.aborted) report(deps, error, 'look at a zone');
      }),
    ),
  );
  if (due.length > 0) ring();
}

async function lookAt(deps: JobDeps, zone: LookedZone, signal: AbortSignal): Promise<void> {
  if (deps.zonePolicy.activation === 'trust') return trustZone(deps, zone);
  const seen = await see(deps, zone, signal);
  deps.log.debug({ zone: zone.id, name: zone.name, looked: seen.looked }, 'control of a zone looked at');
  await recordZoneLook(deps, zone, seen);
}

async function see(deps: JobDeps, zone: LookedZone, signal: AbortSignal): Promise<ZoneSeen> {
  const { originalNameServers } = zone;
  if (zone.type === 'partial')
    return {
      looked: await lookAtText(deps, zone, signal),
      textShownOn: zone.textShownOn,
      originalNameServers,
    };
  const delegation = await lookAtParent(deps, zone, signal);
  const textShownOn = await textOf(deps, zone, signal);
  return {
    looked: bothShown(delegation, isByText(zone) ? textShownOn : deps.clock.now()),
    textShownOn,
    originalNameServers: originalNameServers ?? originalOf(delegation),
  };
}

const BY_OUTCOME = { exact: 'shown', other: 'absent', unknown: 'unknown' } as const;

/** A zone that is delegated, and lacks only the record that it has to show, may be another's: it waits. */
const bothShown = ({ outcome }: DelegationCheck, textShownOn: Date | undefined): Looked =>
  outcome === 'exact' && textShownOn === undefined ? 'absent' : BY_OUTCOME[outcome];

const originalOf = ({ outcome, nameServers }: DelegationCheck): readonly string[] | undefined =>
  outcome === 'other' && nameServers.length > 0 ? nameServers : undefined;

/** When the record was seen last: it goes from sight when the zone is delegated to us, and counts for a while. */
async function textOf(deps: JobDeps, zone: LookedZone, signal: AbortSignal): Promise<Date | undefined> {
  const { status, textShownOn, wantsText } = zone;
  if (!wantsText || status === 'active') return textShownOn;
  const now = deps.clock.now();
  if ((await lookAtText(deps, zone, signal)) === 'shown') return now;
  return textShownOn && between(textShownOn, now) < TEXT_LIFE ? textShownOn : undefined;
}

async function lookAtText(
  { precheckTxt }: JobDeps,
  { name, verificationKey: txtValue }: LookedZone,
  signal: AbortSignal,
): Promise<Looked> {
  const { isVisible, seen } = await precheckTxt({ txtName: verificationName(name), txtValue }, signal);
  if (isVisible) return 'shown';
  const isTold = seen.length > 0 && seen.every(({ answer }) => TELLING.has(answer));
  return isTold && !seen.some(({ values }) => values.includes(txtValue)) ? 'absent' : 'unknown';
}

const TELLING: ReadonlySet<string> = new Set(['values', 'no_record', 'no_name']);

/** Where the zone above is one of ours, its records are read, as our own servers would answer from the zone itself. */
async function lookAtParent(
  { pool, zonePolicy, lookAtDelegation }: JobDeps,
  zone: LookedZone,
  signal: AbortSignal,
): Promise<DelegationCheck> {
  const wanted = zone.nameServers ?? zonePolicy.nameServers;
  const above = await getHolderAbove(pool, suffixesOf(zone.name).slice(1));
  if (!above) return lookAtDelegation(zone.name, wanted, signal);
  const parent = await getZone(pool, above.accountId, above.zoneId);
  if (parent?.status !== 'active') return lookAtDelegation(zone.name, wanted, signal);
  if (parent.accountId === zone.accountId) return { nameServers: [...wanted], outcome: 'exact' };
  const nameServers = (await listDelegatedTo(pool, parent.id, zone.name)).toSorted();
  const isExact = nameServers.join(' ') === [...wanted].toSorted().join(' ');
  return { nameServers, outcome: isExact ? 'exact' : 'other' };
}
