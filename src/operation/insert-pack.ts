import { toName } from '../pack/hosts.ts';
import type { Pack } from '../pack/pack.ts';
import { insertPack as insertRow } from '../store/pack-writes.ts';
import type { Tx } from '../store/store.ts';
import { type By, recordOf } from './advance.ts';
import type { AdvanceDeps } from './operation.ts';
import { render } from './render.ts';

/** Stores a new pack, due at once, in a transaction that holds its zone. */
export async function insertPack(
  tx: Tx,
  deps: AdvanceDeps,
  pack: Pack,
  { lane, by, event = 'order' }: { readonly lane: number; readonly event?: string } & By,
): Promise<void> {
  const aside = { ...render(deps, pack), dueAt: deps.clock.now(), ...recordOf({ event, by }) };
  await insertRow(tx, pack, { lane, names: pack.hosts.map(toName) }, aside);
}
