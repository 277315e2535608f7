/**
 * The life of a zone: what it may do in each status, and what becomes of it by a look at whether its account has control
 * of it. Terms:
 * - look: one question whether control is shown: by the parent's delegation, by a TXT record, or by both.
 * - holder: the zone that has its name among all that claim it. It became active, and no other did since.
 * - challenge: another zone of the name showed control while the holder is active.
 */
import { after, between, days, hours, minutes, type Seconds } from '../kit/time.ts';
import { lookDelay } from './backoff.ts';
import type { PackZone, ZoneStatus, ZoneType } from './pack.ts';

/** `check`: control of a zone has to be shown. `trust`: a zone is active at once, where its name is free. */
export const ACTIVATIONS = ['check', 'trust'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** How zones become active, as the operator says. */
export interface ZonePolicy {
  readonly activation: Activation;
  /** Names of our name servers. */
  readonly nameServers: readonly string[];
  /** To how many of them a zone of type `full` is to be delegated. */
  readonly perZone: number;
}

/** Every zone is active, and nobody answers for it. */
export const TRUSTED: ZonePolicy = { activation: 'trust', nameServers: [], perZone: 2 };

/** Whether what is issued in a zone comes to the edges. */
export const isOpen = ({ status, isPaused }: Pick<PackZone, 'status' | 'isPaused'>): boolean =>
  status === 'active' && !isPaused;

/** Name of the TXT record with a zone's key. */
export const verificationName = (zoneName: string): string => `cloudflare-verify.${zoneName}`;

/** Most sets that are gone through for a zone: more names than make these are used in part. */
const MOST_SETS = 20_000;

/** All sets of name servers that a zone may be delegated to, each in the order of the names. */
export function nameServerSets({
  nameServers,
  perZone,
}: Pick<ZonePolicy, 'nameServers' | 'perZone'>): string[][] {
  const names = [...new Set(nameServers)].toSorted();
  if (names.length <= perZone) return names.length > 0 ? [names] : [];
  let sets: { readonly set: readonly string[]; readonly last: number }[] = [{ set: [], last: -1 }];
  for (let size = 0; size < perZone; size++) {
    sets = sets
      .flatMap(({ set, last }) =>
        names.slice(last + 1).map((name, i) => ({ set: [...set, name], last: last + 1 + i })),
      )
      .slice(0, MOST_SETS);
  }
  return sets.map(({ set }) => [...set]);
}

/** What a look came to. `unknown`: nobody could tell, or not all agree. */
export type Looked = 'shown' | 'absent' | 'unknown';

/** What is kept of a zone's looks. */
export interface ZoneLooks {
  readonly id: string;
  readonly status: ZoneStatus;
  readonly hasName: boolean;
  readonly provenOn: Date | undefined;
  readonly failingSince: Date | undefined;
  readonly absentSince: Date | undefined;
  readonly challengedOn: Date | undefined;
  readonly looks: number;
}

/** How long control has to be absent for certain until a zone is `moved`; where it cannot be told, for longer. */
const MOVED_AFTER: Seconds = days(3);
const LOST_AFTER: Seconds = days(14);
/** The same where another account shows control meanwhile: who answers for the name has chosen. */
const YIELDS_AFTER: Seconds = hours(1);
/** How long it counts that a TXT record was seen of a zone that is not active: it goes from sight with the delegation. */
export const TEXT_LIFE: Seconds = days(3);
/** How long a challenge counts after the challenger showed control last. */
export const CHALLENGE_LIFE: Seconds = days(1);

const ACTIVE_EVERY: Seconds = days(1);
const FAILING_EVERY: Seconds = hours(1);
const CHALLENGED_EVERY: Seconds = minutes(10);
/** Looks by the schedule of validation; a zone that showed nothing by then is looked at once a day. */
const MOST_BY_SCHEDULE = 120;

/** What a look changes. */
export interface AfterLook extends Omit<ZoneLooks, 'id' | 'hasName'> {
  /** When it is looked at next; undefined: not by itself. */
  readonly lookAt: Date | undefined;
}

/**
 * A zone after a look at `now` that came to something else than that it is, or may become, active. One that is active on
 * trust alone stays so, unless another challenges it.
 */
export function afterFailure(zone: ZoneLooks, looked: Exclude<Looked, 'shown'>, now: Date): AfterLook {
  const looks = zone.looks + 1;
  if (zone.status !== 'active') {
    const status = zone.status === 'initializing' ? 'pending' : zone.status;
    return { ...zone, status, looks, lookAt: after(now, delay(looks)) };
  }
  const failingSince = zone.failingSince ?? now;
  const absentSince = zone.absentSince ?? (looked === 'absent' ? now : undefined);
  const isChallenged = zone.challengedOn !== undefined && between(zone.challengedOn, now) < CHALLENGE_LIFE;
  const failing = { ...zone, failingSince, absentSince, looks };
  if (isPastTerm(failing, { looked, isChallenged }, now))
    return { ...failing, status: 'moved', looks: 0, lookAt: after(now, delay(0)) };
  if (isChallenged) return { ...failing, lookAt: after(now, CHALLENGED_EVERY) };
  return { ...failing, lookAt: zone.provenOn && after(now, FAILING_EVERY) };
}

function isPastTerm(
  { provenOn, failingSince, absentSince }: ZoneLooks,
  { looked, isChallenged }: { readonly looked: Looked; readonly isChallenged: boolean },
  now: Date,
): boolean {
  const lasts = (since: Date | undefined, term: Seconds) =>
    since !== undefined && between(since, now) >= term;
  const isAbsent = (term: Seconds) => looked === 'absent' && lasts(absentSince, term);
  if (isChallenged && isAbsent(YIELDS_AFTER)) return true;
  return provenOn !== undefined && (isAbsent(MOVED_AFTER) || lasts(failingSince, LOST_AFTER));
}

const delay = (looks: number): Seconds => (looks <= MOST_BY_SCHEDULE ? lookDelay(looks) : days(1));

/** An active zone after a look that saw its control. */
export const afterSuccess = (zone: ZoneLooks, now: Date): AfterLook => ({
  ...zone,
  status: 'active',
  provenOn: now,
  failingSince: undefined,
  absentSince: undefined,
  challengedOn: undefined,
  looks: 0,
  lookAt: after(now, ACTIVE_EVERY * (1 - shareOf(zone.id) / 4)),
});

/** A zone that showed control of a name that another has and is active: it waits until that one does not show it any more. */
export const afterChallenge = (zone: ZoneLooks, now: Date): AfterLook => ({
  ...zone,
  status: zone.status === 'initializing' ? 'pending' : zone.status,
  looks: zone.looks + 1,
  lookAt: after(now, CHALLENGED_EVERY),
});

/** A zone's own place, from 0 to 1: looks at many zones that were made at once spread. */
const shareOf = (id: string): number => Number.parseInt(id.slice(0, 4), 16) / 0x1_00_00;

/** Whether the TXT record shows control of a zone. */
export const isByText = (zone: { readonly type: ZoneType; readonly wantsText: boolean }): boolean =>
  zone.type === 'partial' || zone.wantsText;
