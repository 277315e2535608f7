import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { newKeyPair, rawPublicKey } from '../kit/hpke.ts';
import { newLog } from '../kit/log.ts';
import { days } from '../kit/time.ts';
import { createEdge } from '../operation/create-edge.ts';
import { takeUpEdge } from '../operation/take-up-edge.ts';
import { OPERATOR } from '../store/audit.ts';
import { touchEdge } from '../store/edge-agents.ts';
import { LiveEdges } from './live-edges.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

test('an agent is silent when nothing of it is written down for half a minute, whatever clocks say', async (t) => {
  const { accountId } = await givenZone(deps, 'one.test');
  const terms = { name: 'far', kind: 'files', environment: 'production' } as const;
  const asked = { ...terms, location: undefined, address: undefined };
  const { edge, secret } = await createEdge(deps, accountId, asked, OPERATOR);
  const key = { key: 'ab'.repeat(32), sealingKey: rawPublicKey(newKeyPair()) };
  await takeUpEdge(deps, secret, { ...key, version: '1', certificateUntil: new Date() }, '127.0.0.1');
  const begun = performance.now();
  let passed = 0;
  t.mock.method(performance, 'now', () => begun + passed);
  const live = await LiveEdges.open(deps, [], newLog('silent'));
  t.after(() => live.close());
  const isHeardAfter = async (seconds: number) => {
    passed += seconds * 1_000;
    await live.refresh();
    return live.list.map(({ agent }) => agent?.isHeard);
  };
  assert.deepEqual(await isHeardAfter(0), [true]);
  assert.deepEqual(await isHeardAfter(20), [true]);
  deps.clock.advance(days(61));
  assert.deepEqual(await isHeardAfter(5), [true], 'a clock was put forward');
  assert.deepEqual(await isHeardAfter(10), [false]);
  deps.clock.advance(-days(90));
  await touchEdge(deps.pool, edge.id, deps.clock.now());
  assert.deepEqual(await isHeardAfter(1), [true], 'also by a clock that was put back');
  assert.deepEqual(await isHeardAfter(31), [false]);
  deps.clock.advance(60);
  const later = await LiveEdges.open(deps, [], newLog('silent'));
  t.after(() => later.close());
  assert.equal(
    later.list[0]?.agent?.isHeard,
    false,
    'a process that begins does not have it silent for less',
  );
});
