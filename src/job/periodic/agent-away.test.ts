/** An edge of whose agent nothing is heard is away: it holds no order up, and counts again once it has reported everything. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  carryAll,
  edgeNamed,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
  truthful,
} from '../../../test/support/job-deps.ts';
import { oddEdges, rounds } from '../../../test/support/proving.ts';
import type { LiveEdge } from '../../edge/edge.ts';
import { newKeyPair, rawPublicKey } from '../../kit/hpke.ts';
import { removeEdge } from '../../operation/change-edge.ts';
import { createEdge } from '../../operation/create-edge.ts';
import { noteReport } from '../../operation/note-report.ts';
import { takeUpEdge } from '../../operation/take-up-edge.ts';
import { OPERATOR } from '../../store/audit.ts';
import { noteGiven, noteTold } from '../../store/edge-packs.ts';
import { listAbsentEdges } from '../../store/edge-states.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

/** An edge of the configuration that shows what it is to show, and one with an agent, which the service does not reach. */
async function givenBoth(zoneName = 'one.test', name = 'far') {
  const zone = await givenZone(plain, zoneName);
  const terms = { name, kind: 'files', environment: 'production' } as const;
  const asked = { ...terms, location: undefined, address: undefined };
  const { edge, secret } = await createEdge(plain, zone.accountId, asked, OPERATOR);
  const key = { key: 'ab'.repeat(32), sealingKey: rawPublicKey(newKeyPair()) };
  await takeUpEdge(plain, secret, { ...key, version: '1', certificateUntil: new Date() }, '127.0.0.1');
  let isHeard = false;
  let problem: string | undefined;
  const agent = {
    id: edge.id,
    isWaitedFor: true,
    get isHeard() {
      return isHeard;
    },
    get problem() {
      return problem;
    },
  };
  const far: LiveEdge = { ...terms, agent };
  const { deps } = oddEdges({ ...plain, edges: [edgeNamed('near'), far], showLeaf: truthful(plain) });
  const hear = (wrong?: string) => {
    isHeard = true;
    problem = wrong;
  };
  return { deps, zone, edge: { id: edge.id, name }, hear };
}

type Scene = Awaited<ReturnType<typeof givenBoth>>;

async function order({ deps, zone }: Scene, host: string) {
  const id = await givenPack(deps, zone, { status: 'pending_deployment', hosts: [host] });
  const leaves = await givenCertificates(deps, id);
  await carryAll(deps);
  return { id, leaves };
}

/** The agent was given a pack, and says what its edge shows of it. */
async function reported(scene: Scene, packId: string, ecdsa: string, problem?: string): Promise<void> {
  const { deps, edge, hear, zone } = scene;
  hear();
  const key = { id: packId, zone };
  await noteTold(deps.pool, edge, [{ ...key, leaves: {} }]);
  await noteGiven(deps.pool, edge, [key], deps.clock.now());
  const said = {
    packs: 1,
    names: 1,
    applied: { at: deps.clock.now(), generation: 'g' },
    released: [],
    problem: undefined,
  };
  await noteReport(deps, edge, { ...said, proofs: [{ packId, ecdsa, rsa: undefined, problem }] });
}

test('an agent of which nothing is heard for ten minutes holds no order up, and counts again once it has reported all', async () => {
  const scene = await givenBoth();
  const { deps, hear } = scene;
  const first = await order(scene, 'one.test');
  const statusOf = async (id: string) => (await packOf(deps, id)).status;
  const isAway = async () =>
    (await listAbsentEdges(deps.pool)).some(({ name, awaySince }) => name === 'far' && awaySince);
  assert.equal(await statusOf(first.id), 'pending_deployment', 'it waits for the agent');
  await rounds(deps, 300, 20);
  assert.equal(await statusOf(first.id), 'pending_deployment', 'for ten minutes');
  await rounds(deps, 400, 20);
  assert.deepEqual([await isAway(), await statusOf(first.id)], [true, 'active']);

  hear();
  await rounds(deps, 20);
  assert.equal(await isAway(), true, 'it is there, and has not told that it has everything');
  await reported(scene, first.id, 'f'.repeat(64));
  await rounds(deps, 20);
  assert.equal(await isAway(), true, 'it shows another certificate');
  const [leaf] = (await packOf(deps, first.id)).certificates.filter(({ algorithm }) => algorithm === 'ecdsa');
  await reported(scene, first.id, leaf?.fingerprint ?? '');
  await rounds(deps, 10);
  assert.equal(await isAway(), false);
  hear();
  const second = await order(scene, 'www.one.test');
  assert.equal(await statusOf(second.id), 'pending_deployment', 'it is waited for again');
  const { rows } = await deps.pool.query(
    `select event from audit where event in ('edge_away', 'edge_back') order by seq`,
  );
  assert.deepEqual(
    rows.map(({ event }) => event),
    ['edge_away', 'edge_back'],
  );
});

test('a pack that its edge refuses, and one that was lost on the way, keep no edge away', async () => {
  const scene = await givenBoth('two.test', 'further');
  const { deps, edge, hear, zone } = scene;
  const refused = await order(scene, 'two.test');
  const lost = await order(scene, 'www.two.test');
  const key = { id: lost.id, zone };
  await noteTold(deps.pool, edge, [{ ...key, leaves: {} }]);
  await noteGiven(deps.pool, edge, [key], deps.clock.now());
  await rounds(deps, 700, 20);
  const isAway = async () =>
    (await listAbsentEdges(deps.pool)).some(({ name, awaySince }) => name === edge.name && awaySince);
  assert.equal(await isAway(), true);
  hear();
  await rounds(deps, 10);
  await reported(scene, refused.id, 'f'.repeat(64), 'its key is not one that this program takes');
  await rounds(deps, 10);
  assert.equal(await isAway(), false);
});

test('an agent that is there and says that its edge does not work is no more waited for than one that is silent', async () => {
  const scene = await givenBoth('three.test', 'broken');
  const { deps } = scene;
  const first = await order(scene, 'three.test');
  for (let passed = 0; passed < 700; passed += 20) {
    scene.hear('HAProxy does not answer');
    await rounds(deps, 20, 20);
  }
  assert.equal((await packOf(deps, first.id)).status, 'active');
  const { accountId } = scene.zone;
  await removeEdge(deps, { accountId, id: scene.edge.id }, OPERATOR);
  const known = (await listAbsentEdges(deps.pool)).map(({ name }) => name);
  assert(!known.includes('broken'), 'nothing is known of an edge that was removed');
});
