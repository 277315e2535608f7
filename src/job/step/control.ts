/**
 * Whose control it is that a CA goes by. Many zones, of many accounts, may have one account at a CA, and a CA that reuses
 * authorizations does not know them apart: what one zone has shown would be good for the next that has the name, without
 * a look. So what a zone has shown is kept in mind, and each certificate is looked at.
 */
import { randomBytes } from 'node:crypto';
import type { Ca, CaAuthorization, CaOrder } from '../../ca/ca.ts';
import { listHosts } from '../../ca/messages.ts';
import { Fault } from '../../kit/fault.ts';
import { after, between, days, type Seconds } from '../../kit/time.ts';
import type { Work } from '../../operation/work.ts';
import type { Pack } from '../../pack/pack.ts';
import type { ByMethod, ShownBy, ShownMethod } from '../../pack/validation-method.ts';
import { longestReuse } from '../../pack/validity-limits.ts';
import {
  forgetAuthorizations,
  type Known,
  noteAuthorizations,
  noteShown,
  type Shown,
} from '../../store/authorizations.ts';
import type { JobDeps } from '../job.ts';

/** How long a look counts for the pack that it was made for: as long as its certificates may take after it. */
const LOOK_LIFE: Seconds = days(1);
/** How long an authorization is kept in mind of which the CA does not say when it ends. */
const PENDING_LIFE: Seconds = days(30);

interface Placed {
  readonly pack: Pack;
  readonly ca: Ca;
  /** URLs of authorizations that are valid by this run of the pack: nothing has to be asked of these. */
  readonly own: ReadonlySet<string>;
}

/**
 * An order by control of the pack's own zone: what another zone has shown, or was to show, is given up at the CA, and the
 * order made again. What is valid there from the start is pending here until we have looked ourselves.
 */
export async function withOwnControl(
  deps: JobDeps,
  { place, ...placed }: Placed & { readonly place: () => Promise<CaOrder> },
  signal: AbortSignal,
): Promise<CaOrder> {
  const order = await place();
  if (order.authorizations.every(({ url }) => placed.own.has(url))) return order;
  const known = await note(deps, placed, order);
  const foreign = order.authorizations.filter((one) => isForeign(one, known));
  const isLess = await giveUp(deps, placed, { order, foreign }, signal);
  if (!isLess) return looked(deps, placed, order, known);
  const again = await place();
  return looked(deps, placed, again, await note(deps, placed, again));
}

/** Notes what a CA found of an order: that control was seen, by us first and by the CA then, of the names that it holds valid. */
export async function noteControl(
  deps: JobDeps,
  { pack }: Pick<Work, 'pack'>,
  order: CaOrder,
): Promise<void> {
  const now = deps.clock.now();
  const urls = order.authorizations.filter(({ status }) => status === 'valid').map(({ url }) => url);
  await noteShown(deps.pool, pack, urls, { now, until: after(now, days(longestReuse(now))) });
}

function note(
  { pool, clock }: JobDeps,
  { pack, ca }: Pick<Placed, 'pack' | 'ca'>,
  order: CaOrder,
): Promise<Known> {
  const now = clock.now();
  const { isAtRsaDirectory = false, tenant = '', authorizations } = order;
  const at = { ca: ca.row.name, tenant, isRsaDirectory: isAtRsaDirectory };
  const until = order.expiresAt && order.expiresAt > now ? order.expiresAt : after(now, PENDING_LIFE);
  return noteAuthorizations(pool, { ...at, pack, given: authorizations, until }, now);
}

const shownOf = ({ name }: CaAuthorization, { shown }: Known): Shown | undefined =>
  shown.find((one) => one.name === name);

/** Whether it came from, or is on the way for, somebody else. */
const isForeign = (one: CaAuthorization, known: Known): boolean =>
  one.status === 'valid' ? !shownOf(one, known) : one.status === 'pending' && known.foreign.has(one.url);

/** Gives foreign authorizations up at the CA. Whether any is: then the order that has it can come to nothing. */
async function giveUp(
  { pool, log }: JobDeps,
  { pack, ca }: Placed,
  { order, foreign }: { readonly order: CaOrder; readonly foreign: readonly CaAuthorization[] },
  signal: AbortSignal,
): Promise<boolean> {
  if (ca.row.presumesControl || foreign.length === 0) return false;
  const { isAtRsaDirectory = false, tenant } = order;
  const where = { isAtRsaDirectory, ...(tenant !== undefined && { tenant }) };
  const isGone = await Promise.all(foreign.map(({ url }) => ca.deactivate({ ...where, url }, signal)));
  const gone = foreign.filter((_, i) => isGone[i]);
  await forgetAuthorizations(
    pool,
    gone.map(({ url }) => url),
  );
  const names = foreign.map(({ name }) => name);
  log.info({ pack: pack.id, names, given_up: gone.length }, 'the CA took control as shown by another zone');
  return gone.length > 0;
}

/** The order as far as control was shown to us: what the CA holds valid and we have not looked at is pending. */
function looked(deps: JobDeps, { pack, ca }: Placed, order: CaOrder, known: Known): CaOrder {
  if (ca.row.presumesControl) return order;
  const kept = order.authorizations.find((one) => one.status === 'pending' && known.foreign.has(one.url));
  if (kept) throw notGivenUp(ca, kept);
  const authorizations = order.authorizations.map((one) =>
    one.status !== 'valid' || isLookedAt(deps, pack, shownOf(one, known)) ? one : held(one, known),
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

/** Whether a look was made that counts for this pack's certificates. */
function isLookedAt({ clock, controlLife }: JobDeps, pack: Pack, shown: Shown | undefined): boolean {
  if (!shown) return false;
  const age = between(shown.shownOn, clock.now());
  return age < controlLife || (shown.shownFor === pack.id && age < LOOK_LIFE);
}

/** What the CA holds valid already, with what we look for: what the zone has shown, else something of our own. */
function held(one: CaAuthorization, known: Known): CaAuthorization {
  const isOwn = shownOf(one, known) && !known.foreign.has(one.url) && hasValue(one.shown);
  return { ...one, status: 'pending', isHeldValid: true, shown: isOwn ? one.shown : withOwnValue(one.shown) };
}

const HAS_VALUE: ByMethod<boolean> = {
  txt: ({ txtValue }) => txtValue !== '',
  http: ({ httpBody }) => httpBody !== '',
};
const hasValue = <M extends ShownMethod>(shown: ShownBy<M>): boolean => HAS_VALUE[shown.method](shown);

const newValue = (): string => randomBytes(32).toString('base64url');

/** In the form of RFC 8555 8.3 and 8.4. */
const WITH_OWN_VALUE: ByMethod<ShownBy> = {
  txt: (shown) => ({ ...shown, txtValue: newValue() }),
  http: ({ httpUrl, ...shown }) => {
    const token = newValue();
    return { ...shown, httpUrl: new URL(token, httpUrl).href, httpBody: `${token}.${newValue()}` };
  },
};
const withOwnValue = <M extends ShownMethod>(shown: ShownBy<M>): ShownBy =>
  WITH_OWN_VALUE[shown.method](shown);
