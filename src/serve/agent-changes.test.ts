import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  carryAll,
  clear,
  givenCertificates,
  givenPack,
  givenZone,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { keyOf, PLACES, uploadKept } from '../../test/support/regions.ts';
import { givenCa } from '../../test/support/uploads.ts';
import { BOUNDS, type Line } from '../edge/agent/protocol.ts';
import { RegionKeys } from '../key/region-key.ts';
import { newKeyPair, rawPublicKey } from '../kit/hpke.ts';
import { days, after as later } from '../kit/time.ts';
import { createEdge } from '../operation/create-edge.ts';
import { takeUpEdge } from '../operation/take-up-edge.ts';
import type { PackZone } from '../pack/pack.ts';
import { OPERATOR } from '../store/audit.ts';
import { logChange } from '../store/edge-changes.ts';
import { type Edge } from '../store/edge-row.ts';
import { getEdge } from '../store/edges.ts';
import { transaction } from '../store/store.ts';
import { ChangeFeed, isWithinReach, type TellDeps, tellChanges } from './agent-changes.ts';
import { servingNames } from './agent-names.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let zone: PackZone;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());
beforeEach(async () => {
  await deps.pool.query('truncate edges cascade');
  await clear(deps);
  zone = await givenZone(deps, 'zone.test');
});

/** An edge that an agent took up, at a place. */
async function givenEdge(place?: string): Promise<Edge> {
  const terms = { name: `edge-${place ?? 'x'}`, kind: 'nginx', environment: 'production' } as const;
  const location = place === undefined ? undefined : PLACES[place];
  const asked = { ...terms, location, address: undefined };
  const { edge, secret } = await createEdge(deps, zone.accountId, asked, OPERATOR);
  const sealingKey = rawPublicKey(newKeyPair());
  const agent = { key: 'ab'.repeat(32), sealingKey, version: '1', certificateUntil: new Date() };
  await takeUpEdge(deps, secret, agent, '127.0.0.1');
  return (await getEdge(deps.pool, edge.id)) ?? assert.fail();
}

const telling = (keys = new RegionKeys([])): TellDeps => ({
  ...deps,
  feed: new ChangeFeed(),
  regionKeys: keys,
  regionKeyIds: keys.ids,
});

/** What is told until all is told that was to be. */
async function toldTo(edge: Edge, since?: Date, on = telling()): Promise<Line[]> {
  const lines: Line[] = [];
  const ended = new AbortController();
  for await (const line of tellChanges(on, { edge, since, onCaughtUp: () => undefined }, ended.signal)) {
    lines.push(line);
    if ('at' in line) break;
  }
  return lines;
}

const namesIn = (lines: readonly Line[]) =>
  lines.flatMap((line) => ('names' in line ? line.names.map(([name]) => name) : []));

/** Covers names with a pack, as its deployment does. */
const covered = (pack: string, hosts: string) =>
  deps.pool.query(
    `insert into served_hosts (host, environment, cell, zone_id, pack_id, type, created_on)
     select host, 'production', packs.cell, packs.zone_id, packs.id, packs.type, packs.created_on from packs, ${hosts} where packs.id = $1`,
    [pack],
  );

async function givenServed(hosts: string): Promise<string> {
  const pack = await givenPack(deps, zone, { status: 'active' });
  await givenCertificates(deps, pack);
  await covered(pack, hosts);
  return pack;
}

test('all of 5,000 names are told in lines of a bounded length, each once', async () => {
  await givenServed(
    `(select 'n' || n || '.zone.test' as name from generate_series(1, 5000) as n) as given (host)`,
  );
  const edge = await givenEdge();
  const lines = await toldTo(edge);
  const names = namesIn(lines);
  assert.deepEqual([names.length, new Set(names).size], [5_000, 5_000]);
  const longest = Math.max(...lines.map((line) => ('names' in line ? line.names.length : 0)));
  assert.ok(longest <= BOUNDS.names);
  assert.deepEqual(lines[0], {
    isWhole: true,
    edge: { id: edge.id, name: edge.name, kind: edge.kind, environment: edge.environment },
  });
});

test('whoever was told up to an instant is told what changed since then, and what was committed late', async () => {
  const edge = await givenEdge();
  const log = (host: string, on: Date) =>
    transaction(deps.pool, (tx) => logChange(tx, { environment: 'production', hosts: [host] }, on));
  const since = deps.clock.now();
  await log('long-ago.zone.test', later(since, -600));
  await log('late.zone.test', later(since, -5));
  await log('new.zone.test', later(since, 5));
  const gone = (await toldTo(edge, since)).flatMap((line) => ('gone' in line ? line.gone : []));
  assert.deepEqual(gone, ['late.zone.test', 'new.zone.test']);
  assert.equal(isWithinReach(since, later(since, days(0.9))), true);
  assert.equal(isWithinReach(since, later(since, days(1))), false);
  assert.equal(isWithinReach(later(since, 3_600), since), false);
});

test('a wildcard that changes has the exact names under it told, as it may serve them', async () => {
  const pack = await givenPack(deps, zone, { status: 'active' });
  await covered(pack, `unnest(array['a.zone.test', 'b.zone.test', 'deep.a.zone.test', 'zone.test']) as host`);
  const edge = await givenEdge();
  const since = deps.clock.now();
  await transaction(deps.pool, (tx) =>
    logChange(tx, { environment: 'production', hosts: ['*.zone.test'] }, later(since, 1)),
  );
  // The pack has no certificates yet: no name is served.
  const gone = (await toldTo(edge, since)).flatMap((line) => ('gone' in line ? line.gone : []));
  assert.deepEqual(gone, ['*.zone.test', 'a.zone.test', 'b.zone.test']);
});

test('a name whose pack went is told as gone where a wildcard serves it since: with the wildcard it would stay', async () => {
  const wide = await givenServed(`unnest(array['*.zone.test']) as host`);
  const names = ['*.zone.test', 'a.zone.test'];
  const served = async () =>
    [...(await servingNames(telling(), await at, names))].map(([name, { id }]) => [name, id]);
  const at = givenEdge();
  assert.deepEqual(await served(), [['*.zone.test', wide]]);
  const own = await givenServed(`unnest(array['a.zone.test']) as host`);
  assert.deepEqual(await served(), [
    ['*.zone.test', wide],
    ['a.zone.test', own],
  ]);
});

test('a pack whose key does not open keeps no other from being told', async () => {
  await givenServed(`unnest(array['broken.zone.test']) as host`);
  const edge = await givenEdge();
  const since = deps.clock.now();
  await transaction(deps.pool, (tx) =>
    logChange(
      tx,
      { environment: 'production', hosts: ['broken.zone.test', 'gone.zone.test'] },
      later(since, 1),
    ),
  );
  const lines = await toldTo(edge, since);
  assert.deepEqual([namesIn(lines), lines.length], [[], 3]);
});

test('what is restricted is served where it may be, from a process that opens it; elsewhere nothing of it is told', async () => {
  const ca = await givenCa(deps);
  const [near, far] = [await givenEdge('de'), await givenEdge('us')];
  const live = { name: near.name, kind: near.kind, environment: near.environment, location: near.location };
  const kept = await uploadKept(deps, ca, zone, { label: 'eu' });
  await carryAll({ ...deps, edges: [{ ...live, agent: { id: near.id, isWaitedFor: true, isHeard: true } }] });
  const servedAt = async (edge: Edge, keys: RegionKeys) =>
    (await servingNames(telling(keys), edge, [zone.name])).get(zone.name)?.id;
  const own = new RegionKeys([keyOf('de')]);
  assert.equal(await servedAt(near, own), kept.id);
  assert.equal(await servedAt(far, own), undefined);
  assert.equal(await servedAt(near, new RegionKeys([])), undefined);
  assert.equal(namesIn(await toldTo(far, undefined, telling(own))).length, 0);
});
