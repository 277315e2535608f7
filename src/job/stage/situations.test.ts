/** Twelve situations that users of other services are stuck in: the right cause and owner, and no authorization is spent on one. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { EDGE, PUBLIC_NAME, SCENES, type Scene, type ToShow } from '../../../test/support/dns/situations.ts';
import { startWeb, type Web } from '../../../test/support/dns/web.ts';
import { FACTS } from '../../../test/support/explanation.ts';
import {
  carryAll,
  clear,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { type WithCa, withCa } from '../../../test/support/simulator/with-ca.ts';
import { explain } from '../../pack/explanation.ts';
import { SITUATION_NAMES } from '../../pack/found.ts';
import type { HostHere } from '../../pack/host-look.ts';
import type { Pack } from '../../pack/pack.ts';
import { viewOf } from '../../pack/public-view.ts';
import { createCaaPrecheck } from '../../validation/caa.ts';
import { createHostLook } from '../../validation/host-look.ts';
import { createHttpPrecheck } from '../../validation/http.ts';
import { createTxtPrecheck } from '../../validation/txt.ts';

const ends = new AsyncDisposableStack();
const GOAL = { ours: [EDGE], publicNames: [PUBLIC_NAME] };
let deps: TestJobDeps;
let web: Web;
let withOne: WithCa;
before(async () => {
  deps = await startJobDeps(ends);
  withOne = await withCa({ after: (end) => ends.defer(end) }, deps);
  web = await startWeb();
  ends.defer(() => web.close());
});
beforeEach(async () => {
  await clear(deps);
  await web.reset();
});
after(() => ends.disposeAsync());

const looking = () => ({ ...web.options(), goal: GOAL });

/** A pack that looks at the world of the scenes, with a CA whose requests are counted. */
async function givenScene({ host, method }: Pick<Scene, 'host' | 'method'>) {
  const at = {
    ...deps,
    cas: withOne.at.cas,
    precheckTxt: createTxtPrecheck(looking()),
    precheckHttp: createHttpPrecheck(looking()),
    precheckCaa: createCaaPrecheck(looking()),
  };
  const { requests } = withOne.ca;
  const first = requests.length;
  const zone = await givenZone(at, 'shop.test', 'partial');
  const id = await givenPack(at, zone, { hosts: [host], validationMethod: method });
  const carry = async (): Promise<Pack> => {
    at.clock.advance(300);
    await carryAll(at);
    return packOf(at, id);
  };
  const asked = () => requests.slice(first).filter((one) => one === 'POST challenge').length;
  return { carry, asked };
}

function toShow([record]: Pack['validationRecords'] = []): ToShow {
  if (record && 'txtName' in record)
    return { txtName: record.txtName, txtValue: record.txtValue, path: '', body: '' };
  if (record && 'httpUrl' in record)
    return { txtName: '', txtValue: '', path: new URL(record.httpUrl).pathname, body: record.httpBody };
  return { txtName: '_acme-challenge.www.shop.test', txtValue: 'x', path: '', body: '' };
}

const explained = (pack: Pack) => explain(pack, { ...FACTS, now: deps.clock.now(), json: deps.json });

const showLeaf = async () => undefined;

async function viewed({ host }: Pick<Scene, 'host'>, pack: Pack) {
  const look = createHostLook({ ...web.options(), ...GOAL, showLeaf });
  const here: HostHere = {
    host,
    ours: [EDGE],
    isApex: host === 'shop.test',
    caa: pack.found?.situation === 'caa_at_parent' ? pack.validationErrors[0] : undefined,
    zone: { name: 'shop.test', isOpen: true },
    pack: { id: pack.id, status: pack.status, isProven: false },
  };
  return viewOf(await look({ name: host, isInsideAsked: false }, AbortSignal.timeout(20_000)), here);
}

/** Whether an order is made before the situation is there: what is to be shown is part of the scene then. */
const isOrderedBefore = ({ situation }: Scene): boolean => situation !== 'caa_at_parent';

for (const scene of SCENES) {
  const { situation, whose, words } = scene;
  test(`${situation}: the cause and whose move it is are told, and the CA is not asked`, async () => {
    const { carry, asked } = await givenScene(scene);
    const ordered = isOrderedBefore(scene) ? await carry() : undefined;
    await scene.set(web, toShow(ordered?.validationRecords));
    const pack = await carry();
    const view = await viewed(scene, pack);
    const [first] = view.situations;
    assert.deepEqual([first?.situation, first?.whose], [situation, whose], JSON.stringify(view));
    if (!words) return assert.equal(asked() > 0, true, 'nothing is wrong, and the CA is told');
    const { situation: told, whoseMove, nextStep, evidence } = explained(pack);
    assert.match(pack.validationErrors[0] ?? '', words);
    assert.deepEqual([told, whoseMove, asked()], [situation, whose, 0]);
    assert(nextStep.length > 20 && pack.validationErrors[0]?.includes(nextStep), nextStep);
    assert(evidence.length > 0 || situation === 'split_horizon', 'who answered what');
  });
}

test('each of the twelve has its scene', () => {
  assert.deepEqual(SCENES.map(({ situation }) => situation).toSorted(), SITUATION_NAMES.toSorted());
});
