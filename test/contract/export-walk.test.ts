/** An export that is broken off and gone on with while packs are written shows each pack once that is there all the while. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { deletePack } from '../../src/store/pack-writes.ts';
import { lockPack } from '../../src/store/packs.ts';
import { transaction } from '../../src/store/store.ts';
import type { Zone } from '../../src/store/zone-row.ts';
import { createZone, getZone, touchZone } from '../../src/store/zones.ts';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { exported } from '../support/export.ts';
import { givenPack } from '../support/job-deps.ts';

let api: TestApi;
let account: TestAccount;
const zones: Zone[] = [];
/** Ids of the packs there are, and the zone of each. */
const packs = new Map<string, Zone>();
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['a.test', 'b.test', 'c.test']);
  zones.push(...account.zones);
  for (let i = 0; i < 30; i += 1) await order(i);
});
after(() => ends.disposeAsync());

async function order(nth: number): Promise<void> {
  const zone = zones[nth % zones.length];
  assert.ok(zone);
  packs.set(await givenPack(api.jobs, zone), zone);
}

async function remove(nth: number): Promise<void> {
  const [id, zone] = [...packs][nth % packs.size] ?? [];
  if (id === undefined || !zone) return;
  await transaction(api.jobs.pool, async (tx) => {
    await touchZone(tx, zone.id);
    const pack = await lockPack(tx, zone.id, id);
    if (pack) await deletePack(tx, pack);
  });
  packs.delete(id);
}

async function addZone(): Promise<void> {
  const { pool, clock } = api.jobs;
  const name = `zone${zones.length}.test`;
  const named = { accountId: account.id, name, type: 'full' } as const;
  const id = await transaction(pool, (tx) => createZone(tx, named, clock.now()));
  const zone = await getZone(pool, account.id, id);
  if (zone) zones.push(zone);
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.nat().map((nth) => () => order(nth)) },
  { weight: 5, arbitrary: fc.nat().map((nth) => () => remove(nth)) },
  { weight: 1, arbitrary: fc.constant(addZone) },
);

/** Reads some lines behind a cursor. */
async function read(cursor: string | undefined, lines: number | undefined) {
  const query = cursor === undefined ? '' : `?cursor=${cursor}`;
  const path = `/accounts/${account.id}/ssl/certificate_packs/export${query}`;
  const { lines: all } = await exported(api, path, account, lines);
  const ids = all.flatMap(({ pack }) => pack?.id ?? []);
  for (const id of ids) assert.ok(packs.has(id), 'what is shown is there');
  return { ids, isEnd: all.at(-1)?.end === true, last: all.findLast(({ pack }) => pack)?.cursor };
}

interface Turn {
  readonly lines: number;
  readonly steps: readonly (() => Promise<void>)[];
}

async function check(turns: readonly Turn[]): Promise<void> {
  const throughout = new Set(packs.keys());
  const shown: string[] = [];
  let cursor: string | undefined;
  for (let i = 0; ; i += 1) {
    const { ids, isEnd, last } = await read(cursor, turns[i]?.lines);
    shown.push(...ids);
    cursor = last;
    if (isEnd) break;
    for (const take of turns[i]?.steps ?? []) await take();
    for (const id of throughout) if (!packs.has(id)) throughout.delete(id);
  }
  assert.equal(new Set(shown).size, shown.length, 'none is shown twice');
  assert.deepEqual(
    [...throughout].filter((id) => !shown.includes(id)),
    [],
  );
}

it('an export that is broken off and gone on with while packs are written shows each once', async () => {
  const turn = fc.record({ lines: fc.integer({ min: 1, max: 15 }), steps: fc.array(step, { maxLength: 4 }) });
  const property = fc.asyncProperty(fc.array(turn, { maxLength: 8 }), check);
  await fc.assert(property, { numRuns: 60, endOnFailure: true });
});
