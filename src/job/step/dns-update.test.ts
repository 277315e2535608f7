import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  carryAll,
  clear,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import {
  KEY,
  NEEDS,
  PEERS,
  READER,
  startUpdateScene,
  type UpdateScene,
  updater,
} from '../../../test/support/update-scene.ts';
import { exchange } from '../../dns/resolver/exchange.ts';
import { toTsigKey } from '../../dns/update/tsig.ts';
import { days } from '../../kit/time.ts';
import type { JobDeps } from '../job.ts';
import { removeDnsLeftovers } from '../periodic/dns-leftovers.ts';

const { signal } = new AbortController();
const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let scene: UpdateScene | undefined;
before(async () => {
  deps = await startJobDeps(ends);
  if (NEEDS.skip === false) scene = await startUpdateScene();
  ends.defer(async () => scene?.stop());
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const NAME = '_acme-challenge.b.test';

/** The values at the name of the zone's records, as the server answers them now. */
async function valuesAt(address: string): Promise<string[]> {
  const question = { address, port: scene?.port ?? 0, name: NAME, type: 'TXT' as const };
  const heard = await exchange(question, { tries: 2, spend: () => true, signal: AbortSignal.timeout(5_000) });
  return heard.kind === 'reply' ? heard.reply.answers.map(({ data }) => data).toSorted() : [];
}

/** Jobs for packs of b.test, whose records a server takes by the key; control is looked for there. */
async function given(t: TestContext, address: string, key = KEY): Promise<TestJobDeps> {
  const publisher = updater(address, scene?.port ?? 0, { key: toTsigKey(key) });
  const publishers = new Map([['b.test', publisher]]);
  const precheckTxt: JobDeps['precheckTxt'] = async (record) => {
    const isVisible = (await valuesAt(address)).includes(record.txtValue);
    return { ...record, isVisible, seen: [], ...(!isVisible && { problem: `${record.txtName}: not there` }) };
  };
  return (await withCa(t, { ...deps, publishers, precheckTxt })).at;
}

for (const { peer, address } of PEERS) {
  test(
    `${peer}: a pack’s records come by themselves, and go again when they are no longer needed; others stay`,
    NEEDS,
    async (t) => {
      const updating = await given(t, address);
      const id = await givenPack(deps, await givenZone(deps, 'b.test'));
      const seen: string[][] = [];
      const look = updating.precheckTxt;
      const watched = {
        ...updating,
        precheckTxt: async (...asked: Parameters<typeof look>) => {
          seen.push(await valuesAt(address));
          return look(...asked);
        },
      };
      await carryAll(watched);
      assert.notEqual((await packOf(deps, id)).status, 'pending_validation');
      assert.equal(seen[0]?.length, 2);
      await removeDnsLeftovers(updating, signal);
      assert.deepEqual(await valuesAt(address), ['kept']);
      assert.equal((await deps.pool.query('select from dns_published')).rowCount, 0);
    },
  );
}

test(
  'a crash between noting and publishing, and between publishing and looking, leaves nothing behind',
  NEEDS,
  async (t) => {
    const [{ address }] = PEERS;
    const updating = await given(t, address);
    const zone = await givenZone(deps, 'b.test');
    const id = await givenPack(deps, zone);
    await carryAll({ ...updating, publishers: new Map() });
    const killed: TestJobDeps = {
      ...updating,
      precheckTxt: async () => {
        throw new Error('killed here');
      },
    };
    deps.clock.advance(120);
    await carryAll(killed);
    assert.equal((await valuesAt(address)).length, 2);
    await deps.pool.query('delete from packs where id = $1', [id]);
    await removeDnsLeftovers(updating, signal);
    assert.deepEqual(await valuesAt(address), ['kept']);
    await deps.pool.query('truncate accounts cascade');
  },
);

test('a server that refuses is told of beside what was seen, and tried again', NEEDS, async (t) => {
  const [{ address }] = PEERS;
  const updating = await given(t, address, READER);
  const id = await givenPack(deps, await givenZone(deps, 'b.test'));
  await carryAll(updating);
  const { status, validationErrors } = await packOf(deps, id);
  assert.equal(status, 'pending_validation');
  assert.match(validationErrors[0] ?? '', /^the validation records could not be published: .*127\.0\.74\.1/);
  assert.equal(validationErrors[1], `${NAME}: not there; it is tried again`);
  const mended = await given(t, address);
  deps.clock.advance(days(0.1));
  await carryAll({ ...mended, cas: updating.cas });
  assert.notEqual((await packOf(deps, id)).status, 'pending_validation');
  await removeDnsLeftovers(mended, signal);
  assert.deepEqual(await valuesAt(address), ['kept']);
});
