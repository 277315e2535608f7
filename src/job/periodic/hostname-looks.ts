/** Looks at whether control of custom hostnames is shown, and at fallback origins: what became of it is an operation. */
import { Fault } from '../../kit/fault.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { lookAtFallbackOrigin } from '../../operation/change-fallback-origin.ts';
import { checkHosts } from '../../operation/check-hosts.ts';
import {
  type HostnameSeen,
  isLookedFor,
  purgeHostname,
  putOffHostname,
  recordHostnameLook,
} from '../../operation/record-hostname-look.ts';
import {
  type CustomHostname,
  isAliasOld,
  NO_CNAME,
  ownershipName,
  ownershipUrl,
} from '../../pack/custom-hostname.ts';
import type { Looked } from '../../pack/zone-life.ts';
import { takeDueHostnames } from '../../store/custom-hostnames.ts';
import { takeDueOrigins } from '../../store/fallback-origins.ts';
import { getHostnameOwner } from '../../store/hostname-owners.ts';
import { getHolderOf } from '../../store/name-claims.ts';
import { suffixesOf } from '../../store/published-records.ts';
import type { Zone } from '../../store/zone-row.ts';
import { findZone } from '../../store/zones.ts';
import type { TxtCheck } from '../../validation/validation.ts';
import type { JobDeps } from '../job.ts';
import { report } from './repeat.ts';

const MOST_AT_ONCE = 32;
/** How long whoever takes a hostname has for it: several times the longest look. */
const TERM: Seconds = 60;

/** Looks at hostnames and fallback origins that are due, side by side. */
export async function lookAtHostnames(deps: JobDeps, signal: AbortSignal): Promise<void> {
  const now = deps.clock.now();
  const which = { now, until: after(now, TERM), limit: MOST_AT_ONCE };
  const due = await takeDueHostnames(deps.pool, which);
  const origins = await takeDueOrigins(deps.pool, which);
  await Promise.all([
    ...due.map((one) => told(deps, signal, lookAt(deps, one, signal))),
    ...origins.map((zoneId) => told(deps, signal, lookAtFallbackOrigin(deps, zoneId))),
  ]);
}

const told = (deps: JobDeps, signal: AbortSignal, work: Promise<void>): Promise<void> =>
  work.catch((error: unknown) => {
    if (!signal.aborted) report(deps, error, 'look at a custom hostname');
  });

async function lookAt(deps: JobDeps, one: CustomHostname, signal: AbortSignal): Promise<void> {
  if (one.deletedOn) return purgeHostname(deps, one);
  const zone = await findZone(deps.pool, one.zoneId);
  if (!zone) return;
  if (!isLookedFor(zone, zone.isDeactivated)) return putOffHostname(deps, one);
  const seen = await see(deps, { one, zone }, signal);
  deps.log.debug(
    { hostname: one.hostname, zone: zone.id, looked: seen.looked },
    'a custom hostname was looked at',
  );
  const hosts = await recordHostnameLook(deps, one, seen);
  if (hosts.length > 0) deps.pushChange({ environment: 'production', hosts });
}

/** A hostname and its zone. */
interface At {
  readonly one: CustomHostname;
  readonly zone: Zone;
}

async function see(deps: JobDeps, at: At, signal: AbortSignal): Promise<HostnameSeen> {
  if (await isKept(deps, at)) return { looked: 'kept', errors: [] };
  if (await isOwn(deps, at)) return { looked: 'shown', errors: [] };
  const [alias, text, file] = await Promise.all([
    lookAtAlias(deps, at, signal),
    lookAtText(deps, at, signal),
    lookAtFile(deps, at, signal),
  ]);
  const all = [alias, text, file];
  if (all.some(({ looked }) => looked === 'shown')) return { looked: 'shown', errors: [] };
  const isAbsent = all.every(({ looked }) => looked === 'absent');
  const errors = all.map(({ problem }) => problem);
  return { looked: isAbsent ? 'absent' : 'unknown', errors, isLedElsewhere: alias.isLedToUs === false };
}

/** Whether the operator came to keep the name for others. */
async function isKept({ pool, names }: JobDeps, { one, zone }: At): Promise<boolean> {
  try {
    await checkHosts({ pool, names }, zone, [one.hostname]);
    return false;
  } catch (error) {
    if (error instanceof Fault) return true;
    throw error;
  }
}

/**
 * Whether the name is in a zone of the same account, which has shown control of all names in it. That is so at all times, and so says
 * nothing once another hostname has shown control since.
 */
async function isOwn({ pool }: JobDeps, { one, zone }: At): Promise<boolean> {
  if (one.status === 'moved' && (await getHostnameOwner(pool, one.hostname))) return false;
  const holder = await getHolderOf(pool, suffixesOf(one.hostname));
  return holder?.accountId === zone.accountId && holder.isActive;
}

/** What one way came to, and why it is not seen. */
interface Way {
  readonly looked: Looked;
  readonly problem: string;
}

/** The CNAME of a hostname that leads into the zone, to whatever name. */
async function lookAtAlias(
  { precheckTxt }: JobDeps,
  { one, zone }: At,
  signal: AbortSignal,
): Promise<Way & { readonly isLedToUs: boolean | undefined }> {
  const { isLedToUs } = await precheckTxt(
    { txtName: one.hostname, txtValue: '', ledInto: zone.name },
    signal,
  );
  // Another zone of the name may be the one that is meant: this one has to have it.
  const isShown = isLedToUs && zone.hasName && !isAliasOld(one);
  const looked = isLedToUs === undefined ? 'unknown' : isShown ? 'shown' : 'absent';
  return { looked, problem: isLedToUs && isAliasOld(one) ? OLD_CNAME : NO_CNAME, isLedToUs };
}

const OLD_CNAME =
  'custom hostname does CNAME to this zone, but control of it was shown elsewhere since: show the token of ownership_verification.';

async function lookAtText({ precheckTxt }: JobDeps, { one }: At, signal: AbortSignal): Promise<Way> {
  const wanted = { txtName: ownershipName(one.hostname), txtValue: one.token };
  const seen = await precheckTxt(wanted, signal);
  const problem = seen.problem ?? `the TXT record ${wanted.txtName} cannot be seen yet`;
  return { looked: seen.isVisible ? 'shown' : isAbsent(seen, one.token) ? 'absent' : 'unknown', problem };
}

/** Whether every server says for certain that it is not there. */
const isAbsent = ({ seen }: TxtCheck, token: string): boolean =>
  seen.length > 0 && seen.every(({ answer, values }) => TELLING.has(answer) && !values.includes(token));

const TELLING: ReadonlySet<string> = new Set(['values', 'no_record', 'no_name']);

async function lookAtFile({ precheckHttp }: JobDeps, { one }: At, signal: AbortSignal): Promise<Way> {
  const { isVisible, seen, problem } = await precheckHttp(
    { url: ownershipUrl(one), body: one.token },
    signal,
  );
  const isTold = seen.some(({ said }) => said.startsWith('HTTP'));
  const looked = isVisible ? 'shown' : isTold || seen.length === 0 ? 'absent' : 'unknown';
  return { looked, problem: problem ?? `${ownershipUrl(one)} cannot be seen yet` };
}
