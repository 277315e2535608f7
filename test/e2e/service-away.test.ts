import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROXY_NEEDS } from '../support/edge/fleet-edge.ts';
import { givenNodes } from '../support/edge/nodes.ts';
import { awayOf } from '../support/edge/nodes-away.ts';

test('with the service away and agents killed no handshake fails, and what is new is served once it is back', {
  ...PROXY_NEEDS,
  timeout: 170_000,
}, async (t) => {
  await using ends = new AsyncDisposableStack();
  const scene = await givenNodes(ends, ['haproxy', 'nginx', 'nginx_by_name', 'caddy']);
  await scene.startNodes();
  const told = await awayOf(scene, 20);
  t.diagnostic(JSON.stringify({ net: scene.net.kind, ...told }));
  assert.equal(told.failed, 0);
  assert.ok(told.handshakes > 100 && told.agents_killed > 0);
});
