/** A service that is killed, edges of three makes with agents of their own, and clients that shake hands with each all the while. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PROXY_NEEDS } from '../support/edge/fleet-edge.ts';
import { givenNodes } from '../support/edge/nodes.ts';
import { awayOf } from '../support/edge/nodes-away.ts';

/** Seconds without a service. */
const AWAY = 8;

const ends = new AsyncDisposableStack();
after(() => ends.disposeAsync());

test('with the service killed, and agents too, no handshake fails, and what is ordered once it is back is served by every edge', {
  ...PROXY_NEEDS,
  timeout: 150_000,
}, async () => {
  const scene = await givenNodes(ends, ['haproxy', 'nginx_by_name', 'caddy']);
  await scene.startNodes();
  const { failed, handshakes, agents_killed } = await awayOf(scene, AWAY);
  assert.equal(failed, 0);
  assert(handshakes > 30, `${handshakes} handshakes`);
  assert(agents_killed > 1, `${agents_killed} agents killed`);
});
