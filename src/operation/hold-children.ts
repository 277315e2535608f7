import type { Tx } from '../store/store.ts';
import type { TokenRecord } from '../store/token-row.ts';
import { listMadeBy, updateToken } from '../store/tokens.ts';
import { beyond } from './token-bounds.ts';

/**
 * Brings what a token made, and what that made, in line with it: none is good before or after its maker, nor while that is
 * switched off, nor when it may more. It is good again when that is over. In the transaction that changes the maker.
 */
export async function holdChildren(tx: Tx, maker: TokenRecord, now: Date): Promise<void> {
  const makers = new Map([[maker.id, maker]]);
  for (const child of await listMadeBy(tx, maker.accountId, maker.id)) {
    const above = makers.get(child.madeBy ?? '');
    if (!above) continue;
    const bound = boundBy(child, above);
    makers.set(child.id, bound);
    if (isChanged(child, bound)) await updateToken(tx, bound, now);
  }
}

function boundBy(child: TokenRecord, maker: TokenRecord): TokenRecord {
  const times = {
    notBefore: latest(child.notBefore, maker.notBefore),
    expiresOn: earliest(child.expiresOn, maker.expiresOn),
  };
  const isHeld = maker.isDisabled || maker.isHeld || beyond({ ...child, ...times }, maker) !== undefined;
  return { ...child, ...times, isHeld };
}

const isChanged = (one: TokenRecord, other: TokenRecord): boolean =>
  one.isHeld !== other.isHeld ||
  one.notBefore?.getTime() !== other.notBefore?.getTime() ||
  one.expiresOn?.getTime() !== other.expiresOn?.getTime();

const earliest = (one: Date | undefined, other: Date | undefined): Date | undefined =>
  one && other ? (one < other ? one : other) : (one ?? other);

const latest = (one: Date | undefined, other: Date | undefined): Date | undefined =>
  one && other ? (one > other ? one : other) : (one ?? other);
