import assert from 'node:assert/strict';
import { carryAll, givenPack, givenZone, packOf, shown, type TestJobDeps } from './job-deps.ts';

/** A pack that is served, in a zone of its own. */
export async function givenActive(deps: TestJobDeps): Promise<string> {
  const id = await givenPack(deps, await givenZone(deps, `shop-${Math.random().toString(36).slice(2)}.test`));
  await carryAll(deps);
  assert.equal((await packOf(deps, id)).status, 'active');
  return id;
}

/** Moves time on and lets workers do what is due. */
export async function pass(deps: TestJobDeps, seconds: number): Promise<void> {
  deps.clock.advance(seconds);
  await carryAll(deps);
}

/** Edges that show what they are wished to. */
export const wishful =
  ({ pool }: TestJobDeps): TestJobDeps['showLeaf'] =>
  async (_edge, { name, algorithm }) => {
    const { rows } = await pool.query<{ leaf: string }>(
      `select case $2 when 'ecdsa' then desired_ecdsa else desired_rsa end as leaf
         from deployments join served_hosts using (pack_id) where host = $1`,
      [name, algorithm],
    );
    return rows[0] && shown(rows[0].leaf);
  };
