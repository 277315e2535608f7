/** What an order's answer says beside the pack: what is done otherwise than asked, and what holds it up, as far as is known. */

import type { CaRow } from '../../ca/ca.ts';
import { after, days } from '../../kit/time.ts';
import { loadOrders } from '../../operation/load-orders.ts';
import { lifeWork } from '../../operation/work.ts';
import { isBrandedAsWanted } from '../../pack/branding.ts';
import { isKept, isLeaving } from '../../pack/lifecycle.ts';
import type { CertificateAuthority, Pack, PackKey, PackZone, ValidityDays } from '../../pack/pack.ts';
import { longestValidity } from '../../pack/validity-limits.ts';
import { getPack } from '../../store/packs.ts';
import type { ApiDeps } from '../deps.ts';
import type { Message } from '../http/envelope.ts';
import { MESSAGE_CODES } from '../http/message-codes.ts';

/** An order that was taken, and how its pack stands. */
export interface Taken {
  readonly key: PackKey & { readonly zone: Pick<PackZone, 'accountId'> };
  /** Whether it was ordered by this request; else by an earlier one. */
  readonly isNew: boolean;
  readonly certificateAuthority: CertificateAuthority;
  readonly validityDays: ValidityDays;
  /** What was said of a backup; undefined: nothing. */
  readonly hasBackup?: boolean | undefined;
  /** Whether its zone is paused. */
  readonly isPaused: boolean;
  /** Fields of the request that nobody reads. */
  readonly unread: readonly string[];
  /** The pack as it is answered. */
  readonly json: string;
}

type Deps = Pick<ApiDeps, 'pool' | 'clock' | 'rows' | 'backups'>;

/** All that is known of an order when it is answered. */
export async function orderMessages(deps: Deps, taken: Taken): Promise<Message[]> {
  const row = deps.rows.get(taken.certificateAuthority);
  return [
    ...(taken.isNew ? [] : [SAME]),
    ...ignored(taken.unread),
    ...(taken.isPaused ? [PAUSED] : []),
    ...(row ? validity(row, taken.validityDays, deps.clock.now()) : []),
    ...(await ofBackup(deps, taken)),
    ...(await heldUp(deps, taken)),
  ];
}

const SAME: Message = {
  code: MESSAGE_CODES.same_order,
  message:
    'this request repeats an earlier one: it is answered with the certificate pack of that, and none is ordered anew',
};

const PAUSED: Message = {
  code: MESSAGE_CODES.zone_paused,
  message:
    'the zone is paused: what is issued is held until that ends (PATCH the zone), and comes to the edges then',
};

/** When a change of branding comes to be in the certificates of a pack; nothing where it is in those that are got, or had. */
function brandingMessages(pack: Pack, now: Date): Message[] {
  if (isBrandedAsWanted(pack)) return [];
  const { renewal } = pack;
  const isRenewed = renewal !== undefined && !renewal.run && renewal.at <= now;
  return [{ code: MESSAGE_CODES.branding_later, message: isRenewed ? RENEWED : LATER }];
}

const RENEWED =
  'for cloudflare_branding the certificates are renewed now; those that are there are served until the new ones are';
const LATER =
  'certificates may have been issued without that change of cloudflare_branding: it takes effect when they are renewed';

/** Most names of fields in one message, and characters of each. */
const [MOST_NAMES, LONGEST_NAME] = [5, 40];

function ignored(names: readonly string[]): Message[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name.slice(0, LONGEST_NAME)));
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  const message = `not known here and left out of the order: ${shown.join(', ')}${more}`;
  return [{ code: MESSAGE_CODES.fields_ignored, message }];
}

/** Part of a certificate's life after which it is renewed, unless its CA says otherwise (`src/pack/renewal.ts`). */
const RENEWED_AFTER = 2 / 3;

/** Certificates that will be valid for less than was ordered: those of a renewal, when the limit of public ones is lower. */
function validity({ isPublic }: CaRow, ordered: ValidityDays, now: Date): Message[] {
  const renewed = after(now, days(ordered) * RENEWED_AFTER);
  const longest = longestValidity(renewed);
  if (!isPublic || longest >= ordered) return [];
  const day = renewed.toISOString().slice(0, 10);
  const message = `when this certificate pack is renewed, about ${day}, ${longest} days are the most that is allowed (Baseline Requirements 6.3.2), not ${ordered}`;
  return [{ code: MESSAGE_CODES.shorter_later, message }];
}

/** A backup that is not as the pack is, or is not there though the account's packs have one. */
async function ofBackup(
  { pool, backups }: Deps,
  { key: { zone }, certificateAuthority: ca, validityDays, hasBackup, json }: Taken,
): Promise<Message[]> {
  const { backup_pack: id }: { readonly backup_pack?: string } = JSON.parse(json);
  const isWanted = hasBackup ?? backups.accounts.includes(zone.accountId);
  if (id === undefined) return isWanted ? [withoutBackup(ca)] : [];
  const backup = await getPack(pool, zone.id, id);
  if (!backup?.validityDays || backup.validityDays >= validityDays) return [];
  const length = `${backup.validityDays} days, not ${validityDays}`;
  const message = `certificates of its backup are for ${length}: ${backup.certificateAuthority} offers no more`;
  return [{ code: MESSAGE_CODES.backup_shorter, message }];
}

const withoutBackup = (ca: string): Message => ({
  code: MESSAGE_CODES.without_backup,
  message: `it has no backup: no CA beside ${ca} that issues for these hosts is configured for that`,
});

/** What PATCH says of a pack: as of an order, as far as it is under way. */
export async function patchMessages(
  deps: Deps,
  { pack, json, isBranded }: { readonly pack: Pack; readonly json: string; readonly isBranded: boolean },
): Promise<Message[]> {
  const isToCome = !isKept(pack.status) && !isLeaving(pack.status);
  return [
    ...(isBranded ? brandingMessages(pack, deps.clock.now()) : []),
    ...(isToCome && pack.zone.isPaused ? [PAUSED] : []),
    ...(isToCome ? await heldUp(deps, { key: pack, json }) : []),
  ];
}

/** Why the pack is not further, where that is a limit of its CA, or CAA records that could not be told. */
async function heldUp({ pool, clock }: Deps, { key, json }: Pick<Taken, 'key' | 'json'>): Promise<Message[]> {
  const { validation_errors: errors }: { readonly validation_errors: readonly object[] } = JSON.parse(json);
  const pack = errors.length > 0 ? await getPack(pool, key.zone.id, key.id) : undefined;
  if (!pack) return [];
  const [why] = pack.validationErrors;
  if (why !== undefined && waitsForLimit(pack, clock.now()))
    return [{ code: MESSAGE_CODES.limit_waited_for, message: why }];
  const { orders } = await loadOrders({ pool }, lifeWork(pack));
  const doubts = new Set(orders.flatMap(({ order }) => order.doubts ?? []));
  return [...doubts].map((message) => ({ code: MESSAGE_CODES.caa_unknown, message }));
}

/** The time of its status begins when the limit is over (`src/job/engine/run.ts`). */
const waitsForLimit = ({ status, statusSince }: Pack, now: Date): boolean =>
  status === 'initializing' && statusSince > now;
