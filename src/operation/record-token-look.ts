import { isKeptElsewhere } from '../key/key.ts';
import { keyPurpose } from '../key/purpose.ts';
import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import { after, type Seconds } from '../kit/time.ts';
import { isLeaving, isServed } from '../pack/lifecycle.ts';
import type { Pack, PackKey } from '../pack/pack.ts';
import { lockPack } from '../store/packs.ts';
import { type Tx, transaction } from '../store/store.ts';
import {
  type KnownTokenKey,
  listSealedKeys,
  listTokenKeys,
  putTokenLook,
  retireTokenKey,
} from '../store/token-keys.ts';
import { withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';
import { tellOf } from './record-key-look.ts';

/** A look at the keys of a pack that are in a token. */
export interface TokenLook {
  readonly pack: PackKey;
  /** Why they do not sign, in words for the owner of the pack; undefined: they do. */
  readonly why: string | undefined;
}

type Deps = OperationDeps & { readonly seal: Seal };

/** How long it is until the next look, of keys that sign and of those that do not. */
const [NEXT, SOON]: readonly [Seconds, Seconds] = [60, 5];

/**
 * Writes what a look at the keys of a pack came to: those that nothing needs any more are retired, and whether the others sign
 * stands in the record and in the messages of the pack. Throws `key_sealed_elsewhere` where it cannot be told which are needed.
 */
export async function recordTokenLook(deps: Deps, look: TokenLook): Promise<void> {
  const { pack, why } = look;
  const { news, next } = await transaction(deps.pool, (tx) => note(tx, deps, { pack, why }));
  if (!news) return transaction(deps.pool, (tx) => putTokenLook(tx, pack, next));
  const { id, zone } = pack;
  try {
    // In one with what is told: else a look that fails in between would have it told never.
    await withLockedPack(deps.pool, { zoneId: zone.id, id }, async (tx, now) => {
      await putTokenLook(tx, pack, next);
      return tellOf(tx, deps, now, news);
    });
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'pack_not_found') throw error;
  }
}

/** What a look is kept as, and when the next one is. */
type Next = Parameters<typeof putTokenLook>[2];

/** What is to be told of it, if anything. */
async function note(
  tx: Tx,
  deps: Deps,
  { pack: key, why }: TokenLook,
): Promise<{ readonly news: Parameters<typeof tellOf>[3] | undefined; readonly next: Next }> {
  const now = deps.clock.now();
  const pack = await lockPack(tx, key.zone.id, key.id);
  const awaySince = await retireIn(tx, deps, key, pack);
  const isToldOf = pack !== undefined && !isLeaving(pack.status) && pack.status !== 'expired';
  const said = isToldOf ? why : undefined;
  const next =
    said === undefined
      ? { awaySince: undefined, lookAt: after(now, NEXT) }
      : { awaySince: awaySince ?? now, lookAt: after(now, SOON) };
  // What is still being got says itself what it waits for, and is disturbed at the beginning and the end alone.
  const isNews = (awaySince === undefined) !== (said === undefined);
  const isTold = isToldOf && (isNews || isServed(pack.status));
  return { news: isTold ? { awaySince, why: said } : undefined, next };
}

/** Retires the keys of a pack that nothing needs; all where it is gone. Since when they did not sign, as far as was known. */
async function retireIn(tx: Tx, deps: Deps, key: PackKey, pack: Pack | undefined): Promise<Date | undefined> {
  const live = (await listTokenKeys(tx, key)).filter(({ retiredOn }) => retiredOn === undefined);
  const needed = pack && (await neededIn(tx, deps, pack));
  for (const one of live)
    if (!needed || isOver(one, pack, needed)) await retireTokenKey(tx, key, one.id, deps.clock.now());
  return live.find((one) => one.awaySince)?.awaySince;
}

/** URIs of the keys of a pack that are in an order or have a certificate. */
async function neededIn(tx: Tx, { seal }: Deps, pack: Pack): Promise<ReadonlySet<string>> {
  const sealed = await listSealedKeys(tx, pack);
  return new Set(
    sealed
      .filter(({ algorithm, sealedKey }) => isKeptElsewhere({ seal }, { pack, algorithm }, sealedKey))
      .map(({ algorithm, sealedKey }) => seal.open(sealedKey, keyPurpose(pack.id, algorithm)).toString()),
  );
}

/** Whether nothing needs a key, and nobody can come to: who took it has lost the pack since. */
const isOver = ({ uri, isUsed, claim }: KnownTokenKey, pack: Pack, needed: ReadonlySet<string>): boolean =>
  isUsed && !needed.has(uri) && claim !== pack.claim;
