/**
 * Whose control it is that a CA goes by. Many zones, of many accounts, may have one account at a CA, and a CA that reuses
 * authorizations does not know them apart: what one zone has shown would be good for the next that has the name, without
 * a look. So what a zone has shown is kept in mind, and each certificate is looked at.
 */
import type { Ca, CaAuthorization, CaOrder } from '../../ca/ca.ts';
import { listHosts } from '../../ca/messages.ts';
import { Fault } from '../../kit/fault.ts';
import { after, between, days, type Seconds } from '../../kit/time.ts';
import type { Work } from '../../operation/work.ts';
import { certificateNames } from '../../pack/branding.ts';
import { longestReuse } from '../../pack/validity-limits.ts';
import {
  type CaAccountKey,
  forgetAuthorizations,
  type Known,
  listShown,
  noteAuthorizations,
  noteShown,
  type Shown,
} from '../../store/authorizations.ts';
import type { JobDeps } from '../job.ts';
import { missingFrom, withOwnValue, withValue } from './own-look.ts';

/** How long a look counts for the run that it was made in: as long as that may take to get its certificates. */
const LOOK_LIFE: Seconds = days(15);
/** How long an answered mail counts for other packs of the zone at least: nobody answers two mails of one day for one name. */
const MAIL_LIFE: Seconds = days(1);
/** How long an authorization is kept in mind of which the CA does not say when it ends. */
const PENDING_LIFE: Seconds = days(30);

interface Placed {
  readonly work: Pick<Work, 'pack' | 'run'>;
  readonly ca: Ca;
}

interface Placing extends Placed {
  /** URLs of authorizations that are valid by this run of the pack: nothing has to be asked of these. */
  readonly own: ReadonlySet<string>;
  readonly place: () => Promise<CaOrder>;
}

/**
 * An order by control of the pack's own zone: what another zone has shown, or was to show, is given up at the CA, and the
 * order made again. What is valid there from the start is pending here until we have looked ourselves.
 */
export async function withOwnControl(
  deps: JobDeps,
  { place, own, ...placed }: Placing,
  signal: AbortSignal,
): Promise<CaOrder> {
  const order = await place();
  if (isAllOwn(order, own)) return order;
  const kept = await asOwnControl(deps, placed, order, signal);
  if (kept) return kept;
  const again = await place();
  return looked(deps, placed, again, await note(deps, placed, again));
}

/** The order as far as control of the pack's own zone goes; undefined where some was given up, and it comes to nothing. */
export async function asOwnControl(
  deps: JobDeps,
  placed: Placed,
  order: CaOrder,
  signal: AbortSignal,
): Promise<CaOrder | undefined> {
  const known = await note(deps, placed, order);
  const unwanted = order.authorizations.filter(
    (one) => isForeign(one, known) || isToAnswerAgain(deps, placed, { order, one, known }),
  );
  const isLess = await giveUp(deps, placed, { order, unwanted }, signal);
  return isLess ? undefined : looked(deps, placed, order, known);
}

const isAllOwn = ({ authorizations }: CaOrder, own: ReadonlySet<string>): boolean =>
  authorizations.length > 0 && authorizations.every(({ url }) => own.has(url));

/**
 * The order before it is finalized: pending where control of a name was not shown to us, however the CA came to hold it
 * valid, and also where it wants nothing to be shown.
 */
export async function beforeFinalizing(
  deps: JobDeps,
  { work, ca }: Placed,
  order: CaOrder,
): Promise<CaOrder> {
  const { pack } = work;
  if (order.status !== 'ready') return order;
  const names = certificateNames(pack);
  const shown = await listShown(deps.pool, pack, { ...accountOf(ca, order), names }, deps.clock.now());
  return looked(deps, { work, ca }, order, { foreign: new Set(), shown });
}

/** Notes what a CA found of an order: that control was seen, by us first and by the CA then, of the names that it holds valid. */
export async function noteControl(
  deps: JobDeps,
  { pack }: Pick<Work, 'pack'>,
  ca: Ca,
  order: CaOrder,
): Promise<void> {
  const now = deps.clock.now();
  const given = order.authorizations.filter(({ status }) => status === 'valid');
  const until = after(now, days(longestReuse(now)));
  await noteShown(deps.pool, { ...accountOf(ca, order), pack, given, until }, now);
}

function note({ pool, clock }: JobDeps, { work: { pack }, ca }: Placed, order: CaOrder): Promise<Known> {
  const now = clock.now();
  const until = order.expiresAt && order.expiresAt > now ? order.expiresAt : after(now, PENDING_LIFE);
  const wanted = certificateNames(pack);
  const noted = { ...accountOf(ca, order), pack, given: order.authorizations, until };
  return noteAuthorizations(pool, noted, { wanted, now });
}

const accountOf = ({ row }: Ca, { isAtRsaDirectory = false, tenant = '' }: CaOrder): CaAccountKey => ({
  ca: row.name,
  tenant,
  isRsaDirectory: isAtRsaDirectory,
});

const shownOf = ({ name }: CaAuthorization, { shown }: Known): Shown | undefined =>
  shown.find((one) => one.name === name);

/** Whether it came from, or is on the way for, somebody else. */
const isForeign = (one: CaAuthorization, known: Known): boolean =>
  one.status === 'valid' ? !shownOf(one, known) : one.status === 'pending' && known.foreign.has(one.url);

/** Whether only another mail can show control again: what a mail asks for we cannot look at ourselves. */
const isToAnswerAgain = (
  deps: JobDeps,
  { work }: Placed,
  { order, one, known }: { readonly order: CaOrder; readonly one: CaAuthorization; readonly known: Known },
): boolean =>
  one.shown.method === 'email' &&
  one.status === 'valid' &&
  !isLookedAt(deps, work, order, shownOf(one, known));

/** Gives authorizations up at the CA. Whether any is: then the order that has it can come to nothing. */
async function giveUp(
  { pool, log }: JobDeps,
  { work: { pack }, ca }: Placed,
  { order, unwanted }: { readonly order: CaOrder; readonly unwanted: readonly CaAuthorization[] },
  signal: AbortSignal,
): Promise<boolean> {
  if (ca.row.presumesControl || unwanted.length === 0) return false;
  const { isAtRsaDirectory = false, tenant } = order;
  const where = { isAtRsaDirectory, ...(tenant !== undefined && { tenant }) };
  const isGone = await Promise.all(unwanted.map(({ url }) => ca.deactivate({ ...where, url }, signal)));
  const gone = unwanted.filter((_, i) => isGone[i]);
  await forgetAuthorizations(
    pool,
    gone.map(({ url }) => url),
  );
  const names = unwanted.map(({ name }) => name);
  log.info(
    { pack: pack.id, names, given_up: gone.length },
    'authorizations were given up that the zone has not shown control by, or has to again',
  );
  return gone.length > 0;
}

/** The order as far as control was shown to us: what the CA holds valid and we have not looked at is pending. */
function looked(deps: JobDeps, { work, ca }: Placed, order: CaOrder, known: Known): CaOrder {
  if (ca.row.presumesControl) return order;
  const kept = order.authorizations.find((one) => one.status === 'pending' && known.foreign.has(one.url));
  if (kept) throw notGivenUp(ca, kept);
  const all =
    order.status === 'ready'
      ? [...order.authorizations, ...missingFrom(order, work.pack)]
      : order.authorizations;
  const authorizations = all.map((one) =>
    one.status !== 'valid' || isLookedAt(deps, work, order, shownOf(one, known)) ? one : hold(one, known),
  );
  const isHeld = authorizations.some(({ isHeldValid }) => isHeldValid);
  return { ...order, authorizations, status: isHeld && order.status === 'ready' ? 'pending' : order.status };
}

const notGivenUp = ({ row }: Ca, { name }: CaAuthorization): Fault =>
  new Fault(
    'ca_wrong_answer',
    `${row.name} wants the same shown for ${listHosts([name])} as it wanted from another zone, and does not let go of that; ` +
      'it is tried again, and ends by itself when that is over',
  );

/** Whether a look was made that counts for these certificates: in the same run of the pack, or not long ago in its zone. */
function isLookedAt(
  { clock, controlLife }: JobDeps,
  { pack, run }: Placed['work'],
  { method }: Pick<CaOrder, 'method'>,
  shown: Shown | undefined,
): boolean {
  if (!shown) return false;
  const now = clock.now();
  const age = between(shown.shownOn, now);
  const isOfRun =
    shown.shownFor === pack.id && (run.kind === 'life' || isSince(pack.renewal?.at, shown, now));
  const life = method === 'email' ? Math.max(controlLife, MAIL_LIFE) : controlLife;
  return age < life || (isOfRun && age < LOOK_LIFE);
}

/** Whether a look was made since a renewal began. One that began later than now did so by a clock that went wrong. */
const isSince = (begin: Date | undefined, { shownOn }: Shown, now: Date): boolean =>
  begin !== undefined && (begin > now || shownOn >= begin);

/** What the CA holds valid already, with what we look for: what the zone has shown, else something of our own. */
function hold(one: CaAuthorization, known: Known): CaAuthorization {
  const isOwn = shownOf(one, known) && !known.foreign.has(one.url);
  return {
    ...one,
    status: 'pending',
    isHeldValid: true,
    shown: isOwn ? withValue(one.shown) : withOwnValue(one.shown),
  };
}
