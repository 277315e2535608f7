import type { Algorithm, Pack, PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, OF_PACK, packKey } from './zone-key.ts';

/** A pack's order at its CA, one for each algorithm. `T` is the order as the CA's room describes it. */
export interface StoredOrder<T> {
  readonly algorithm: Algorithm;
  readonly order: T;
  /** Whether the CA was told that it can validate; then it is looked at before it is told again. */
  readonly isAnswered: boolean;
  /** Certificate request in DER, and the sealed private key that signed it: stored before finalizing. */
  readonly request?: { readonly csr: Buffer; readonly sealedKey: Buffer };
}

interface OrderRow {
  algorithm: Algorithm;
  state: string;
  is_answered: boolean;
  csr: Buffer | null;
  sealed_key: Buffer | null;
}

/** The pack's orders, ECDSA first. Their state comes as JSON: `revive` makes it whole. */
export async function listOrders<T>(
  db: Db,
  pack: PackKey,
  revive: (json: string) => T,
): Promise<StoredOrder<T>[]> {
  const { rows } = await execute<OrderRow>(db, LIST, packKey(pack));
  return rows.map(({ algorithm, state, is_answered, csr, sealed_key }) => ({
    algorithm,
    order: revive(state),
    isAnswered: is_answered,
    ...(csr && sealed_key && { request: { csr, sealedKey: sealed_key } }),
  }));
}

const LIST = statement(`
  select algorithm, state::text, is_answered, csr, sealed_key from orders where ${OF_PACK} order by algorithm`);

/** Stores an order in place of the one the pack had for that algorithm. */
export async function putOrder(tx: Tx, pack: PackKey, stored: StoredOrder<unknown>): Promise<void> {
  await execute(tx, PUT, { ...packKey(pack), ...columnsOf(stored) });
}

const columnsOf = ({ algorithm, order, isAnswered, request }: StoredOrder<unknown>) => ({
  algorithm,
  state: JSON.stringify(order),
  is_answered: isAnswered,
  csr: request?.csr,
  sealed_key: request?.sealedKey,
});

const COLUMNS = 'cell, zone_id, pack_id, algorithm, state, is_answered, csr, sealed_key';
const VALUES = ':cell, :zone, :pack, :algorithm, :state, :is_answered, :csr, :sealed_key';
const INSTEAD = `
  on conflict (cell, zone_id, pack_id, algorithm) do update set state = excluded.state, is_answered = excluded.is_answered,
    csr = excluded.csr, sealed_key = excluded.sealed_key`;

const PUT = statement(`insert into orders (${COLUMNS}) values (${VALUES}) ${INSTEAD}`);

// Whoever claims the pack waits for this, and then sees the order; or was before, and this finds nothing.
const PUT_HELD = statement(`
  with held as (select from packs where ${IN_ZONE} and id = :pack and claim = :claim for no key update)
  insert into orders (${COLUMNS}) select ${VALUES} from held ${INSTEAD}`);

/**
 * As `putOrder`, in one statement and beside the pack's row, which shows nothing of it: only while the pack is still
 * claimed as it was read. Else false.
 */
export async function putOrderHeld(
  db: Db,
  pack: PackKey & Pick<Pack, 'claim'>,
  stored: StoredOrder<unknown>,
): Promise<boolean> {
  const { rowCount } = await execute(db, PUT_HELD, {
    ...packKey(pack),
    claim: pack.claim,
    ...columnsOf(stored),
  });
  return rowCount === 1;
}

/** Forgets an order of the pack, or all of them. */
export async function deleteOrders(tx: Tx, pack: PackKey, algorithm?: Algorithm): Promise<void> {
  await execute(tx, DELETE, { ...packKey(pack), algorithm: algorithm ?? null });
}

const DELETE = statement(
  `delete from orders where ${OF_PACK} and (:algorithm::text is null or algorithm = :algorithm)`,
);
