import { Fault } from '../kit/fault.ts';
import { after, type Seconds } from '../kit/time.ts';
import { KEY_AWAY } from '../pack/key-elsewhere.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { Pack, PackKey } from '../pack/pack.ts';
import { subscriberMessage } from '../pack/subscriber-message.ts';
import { WORKER } from '../store/audit.ts';
import { putKeyLook } from '../store/keyless.ts';
import type { Tx } from '../store/store.ts';
import { amend } from './advance.ts';
import { withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';

/** A look at a key that its owner keeps. */
export interface KeyLook {
  readonly pack: PackKey;
  /** Since when it did not sign, as far as was known. */
  readonly awaySince: Date | undefined;
  /** Why it does not sign, in words for its owner; undefined: it signed. */
  readonly why: string | undefined;
}

/** How long it is until the next look, of a key that signs and of one that does not. */
const [NEXT, SOON]: readonly [Seconds, Seconds] = [60, 5];

const NEXT_STEP = 'see to its token or key server, which is asked again all the while';

/**
 * Writes what a look at a key came to, and when the next is to be: that it does not sign any more, or does again, stands in the
 * record and in the messages of the pack. A pack that is gone, or goes, is not looked at any more.
 */
export async function recordKeyLook(deps: OperationDeps, look: KeyLook): Promise<void> {
  const { zone, id } = look.pack;
  try {
    await withLockedPack(deps.pool, { zoneId: zone.id, id }, (tx, pack) => record(tx, deps, pack, look));
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'pack_not_found') throw error;
  }
}

async function record(tx: Tx, deps: OperationDeps, pack: Pack, { awaySince, why }: KeyLook): Promise<Pack> {
  const now = deps.clock.now();
  const isAway = why !== undefined;
  const isOver = isLeaving(pack.status) || pack.status === 'expired';
  const lookAt = isOver ? undefined : after(now, isAway ? SOON : NEXT);
  await putKeyLook(tx, pack, { awaySince: isAway ? (awaySince ?? now) : undefined, lookAt });
  return isOver ? pack : tellOf(tx, deps, pack, { awaySince, why });
}

/** Tells in the record, and in the messages of the pack, that a key does not sign any more, or does again. */
export async function tellOf(
  tx: Tx,
  deps: OperationDeps,
  pack: Pack,
  { awaySince, why }: Pick<KeyLook, 'awaySince' | 'why'>,
): Promise<Pack> {
  const isAway = why !== undefined;
  const others = pack.validationErrors.filter((message) => !message.includes(KEY_AWAY));
  const said = isAway ? [`${KEY_AWAY}${why}; ${NEXT_STEP}`] : [];
  const validationErrors = [...others, ...said].map((message) => subscriberMessage(pack.hosts, message));
  const isNews = (awaySince !== undefined) !== isAway;
  if (!isNews && validationErrors.join('\n') === pack.validationErrors.join('\n')) return pack;
  return amend(tx, deps, pack, { event: eventOf(isNews, isAway), validationErrors, by: WORKER });
}

const eventOf = (isNews: boolean, isAway: boolean): string =>
  isNews ? (isAway ? 'key_away' : 'key_back') : 'amend';
