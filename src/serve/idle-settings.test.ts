/** What explain says of edges by what their agents say, and not by their make alone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { newKeyPair, rawPublicKey } from '../kit/hpke.ts';
import { newLog } from '../kit/log.ts';
import { createEdge } from '../operation/create-edge.ts';
import { type AgentReport, noteReport } from '../operation/note-report.ts';
import { takeUpEdge } from '../operation/take-up-edge.ts';
import { TLS_SETTINGS } from '../pack/hostname-tls.ts';
import { OPERATOR } from '../store/audit.ts';
import { idleAt } from './idle-settings.ts';
import { LiveEdges } from './live-edges.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

const REPORT: AgentReport = {
  proofs: [],
  released: [],
  packs: 0,
  names: 0,
  applied: undefined,
  problem: undefined,
};

test('an edge applies what its agent says, and nothing where that says nothing, whatever it said before or its make can do', async () => {
  const { accountId } = await givenZone(deps, 'zone.test');
  const terms = { name: 'ams-1', kind: 'bundled', environment: 'production' } as const;
  const asked = { ...terms, location: undefined, address: undefined };
  const { edge, secret } = await createEdge(deps, accountId, asked, OPERATOR);
  const takeUp = (key: string) => {
    const agent = { key, sealingKey: rawPublicKey(newKeyPair()), version: '1', certificateUntil: new Date() };
    return takeUpEdge(deps, secret, agent, '127.0.0.1');
  };
  await takeUp('ab'.repeat(32));
  const live = await LiveEdges.open(deps, [], newLog('silent'));
  ends.defer(async () => live.close());
  const idle = async () => {
    await live.refresh();
    return idleAt(live.list, 'production', { minVersion: '1.3', http2: false });
  };
  const silent = { edge: 'ams-1', kind: 'bundled', because: 'agent' } as const;
  const none = [{ ...silent, settings: ['min_tls_version', 'http2'] }];
  assert.deepEqual(await idle(), none, 'it said nothing yet');
  await noteReport(deps, edge, REPORT);
  assert.deepEqual(await idle(), none, 'one of an earlier version');
  await noteReport(deps, edge, { ...REPORT, tlsSettings: ['http2', 'of_later_versions'] });
  assert.deepEqual(await idle(), [{ ...silent, settings: ['min_tls_version'] }]);
  await noteReport(deps, edge, { ...REPORT, tlsSettings: [...TLS_SETTINGS] });
  assert.deepEqual(await idle(), []);
  await noteReport(deps, edge, REPORT);
  assert.deepEqual(await idle(), none, 'the earlier version is there again');
  assert.deepEqual(idleAt(live.list, 'staging', { http2: false }), []);
});

test('what its make does not apply is not applied whatever an agent says, and an edge of the configuration has none', () => {
  const at = { environment: 'production', location: undefined } as const;
  const agent = { id: 'x', isWaitedFor: true, isHeard: true, tlsSettings: [...TLS_SETTINGS] };
  const edges = [
    { ...at, name: 'fra-1', kind: 'nginx', agent },
    { ...at, name: 'own', kind: 'bundled' },
  ] as const;
  assert.deepEqual(idleAt(edges, 'production', { http2: false }), [
    { edge: 'fra-1', kind: 'nginx', settings: ['http2'], because: 'kind' },
  ]);
});
