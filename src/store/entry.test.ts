import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { minutes, after as then } from '../kit/time.ts';
import type { PackZone } from '../pack/pack.ts';
import { getEntry } from './entry.ts';
import { transaction } from './store.ts';
import { createToken } from './tokens.ts';
import { getZone, hideZone } from './zones.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let home: PackZone;
let foreign: PackZone;
let secret: string;
before(async () => {
  deps = await startJobDeps(ends);
  home = await givenZone(deps, 'home.test');
  foreign = await givenZone(deps, 'foreign.test');
  const token = { accountId: home.accountId, name: 'x', access: 'write' } as const;
  const expiresOn = then(deps.clock.now(), minutes(5));
  secret = await createToken(deps.pool, { ...token, expiresOn }, deps.clock.now());
});
after(() => ends.disposeAsync());

const enter = (zoneId: string | undefined, by = secret, now = deps.clock.now()) =>
  getEntry(deps.pool, { secret: by, zoneId }, now);

it('a token enters with the zone of its account that is asked for', async () => {
  const entry = await enter(home.id);
  assert.equal(entry?.token.accountId, home.accountId);
  assert.deepEqual(entry.zone, await getZone(deps.pool, home.accountId, home.id));
  assert.deepEqual((await enter(undefined))?.token, entry.token);
});

it('a token enters without a zone that is none, another account’s, or hidden', async () => {
  assert.equal((await enter(undefined))?.zone, undefined);
  assert.equal((await enter('0'.repeat(32)))?.zone, undefined);
  const entry = await enter(foreign.id);
  assert(entry);
  assert.equal(entry.zone, undefined);
  await transaction(deps.pool, (tx) => hideZone(tx, home.accountId, home.id, deps.clock.now()));
  const hidden = await enter(home.id);
  assert(hidden);
  assert.equal(hidden.zone, undefined);
});

it('nobody enters with an unknown token, or one whose time is over', async () => {
  assert.equal(await enter(home.id, 'cp_unknown'), undefined);
  assert.equal(await enter(home.id, secret, then(deps.clock.now(), minutes(6))), undefined);
});
