/** The events of an account across processes that are killed: each once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { EventClient, type SeenEvent } from '../support/event-stream.ts';
import { startServe } from '../support/serve.ts';
import { givenPackOf, givenScene, LIMIT } from '../support/serve-scene.ts';
import { until } from '../support/world.ts';

test(
  'the life of packs is told once, while the processes that tell it are killed again and again',
  LIMIT,
  async (t) => {
    const scene = await givenScene(t, 'events');
    const { accountId, token } = scene;
    const told: SeenEvent[] = [];
    let lastId: string | undefined;
    const packs: string[] = [];
    for (let round = 0; round < 3; round++) {
      const serving = await startServe(t, scene.options);
      const client = await EventClient.open(serving.api, { accountId, token, lastId });
      packs.push((await givenPackOf(scene, serving, `kill-${round}.test`)).id);
      await client.until(round + 1);
      if (round === 2) {
        await until(
          async () => client.events.filter((one) => one.to_status === 'active').length,
          (count) => count + told.filter((one) => one.to_status === 'active').length === packs.length,
          90,
        );
        told.push(...client.events);
        await client.close();
        continue;
      }
      const exit = once(serving.child, 'exit');
      serving.child.kill('SIGKILL');
      await exit;
      await client.ended;
      told.push(...client.events);
      lastId = client.lastId;
    }
    assert.equal(new Set(told.map(({ id }) => id)).size, told.length, 'none twice');
    const { rows } = await scene.pool.query<{ id: string }>(
      `select zone_id || '-' || seq as id from audit where pack_id is not null`,
    );
    assert.deepEqual(told.map(({ id }) => id).toSorted(), rows.map(({ id }) => id).toSorted(), 'none lost');
    for (const id of packs) {
      const moves = told.filter((one) => one.certificate_pack_id === id);
      for (const [i, { from_status: from }] of moves.entries())
        assert.equal(from, moves[i - 1]?.to_status, 'each begins where the one before it led');
    }
  },
);
