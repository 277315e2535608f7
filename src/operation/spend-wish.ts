import { Fault } from '../kit/fault.ts';
import { between } from '../kit/time.ts';
import type { Pack } from '../pack/pack.ts';
import { BOUNDS_IN_WORDS, WISH_BOUNDS, type WishKind } from '../pack/wish-bound.ts';
import { type Bucket, look, take } from '../store/ca-limits.ts';
import type { Db, Tx } from '../store/store.ts';
import type { AdvanceDeps } from './operation.ts';

/** Whether a pack may be changed or hurried once more, which is counted, in a transaction that holds it; else until when not. */
export async function spendWish(
  tx: Tx,
  { clock }: AdvanceDeps,
  { id, certificateAuthority }: Pack,
  kind: WishKind,
): Promise<Date | undefined> {
  const bucket = bucketOf(id, kind);
  return (await take(tx, certificateAuthority ?? '', [bucket], clock.now()))?.until;
}

const bucketOf = (id: string, kind: WishKind): Bucket => ({ kind, subject: id, limit: WISH_BOUNDS[kind] });

/** When a pack may be changed again, where it was changed too often of late; nothing is counted. */
export async function changeableOn(
  db: Db,
  { id, certificateAuthority }: Pack,
  now: Date,
): Promise<Date | undefined> {
  return (await look(db, certificateAuthority ?? '', [bucketOf(id, 'change')], now))?.until;
}

/** Counts a change of a pack, or a move. Throws `too_many_requests` where there were too many of late. */
export async function spendChange(
  tx: Tx,
  deps: AdvanceDeps,
  pack: Pack,
  kind: keyof typeof BOUNDS_IN_WORDS = 'change',
): Promise<void> {
  const until = await spendWish(tx, deps, pack, kind);
  if (until === undefined) return;
  const seconds = Math.ceil(between(deps.clock.now(), until));
  throw new Fault('too_many_requests', `${BOUNDS_IN_WORDS[kind]}; this one can be in ${seconds} s`, {
    retryAfter: seconds,
  });
}
