import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenAccount } from '../../test/support/api.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { minutes, after as then } from '../kit/time.ts';
import type { PackZone } from '../pack/pack.ts';
import { getCaller, ListCallers } from './authentication.ts';
import { Reader } from './protocol/reader.ts';
import { transaction } from './store.ts';
import type { TokenTerms } from './token-row.ts';
import { createToken, getTokenNamed, updateToken } from './tokens.ts';
import { getZone, hideZone } from './zones.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let home: PackZone;
let foreign: PackZone;
let secret: string;
let callers: ListCallers;
before(async () => {
  deps = await startJobDeps(ends);
  const reader = new Reader(deps.pool, 1);
  ends.defer(() => reader.close());
  callers = new ListCallers(reader, deps.clock);
  home = await givenZone(deps, 'home.test');
  foreign = await givenZone(deps, 'foreign.test');
  const token = { accountId: home.accountId, name: 'x', access: 'write' } as const;
  const expiresOn = then(deps.clock.now(), minutes(5));
  secret = await createToken(deps.pool, { ...token, expiresOn }, deps.clock.now());
});
after(() => ends.disposeAsync());

const callerOf = (zoneId: string | undefined, by = secret, now = deps.clock.now()) =>
  getCaller(deps.pool, { shown: by, zoneId }, now);

it('a token enters with the zone of its account that is asked for', async () => {
  const entry = await callerOf(home.id);
  assert.equal(entry?.token.accountId, home.accountId);
  assert.deepEqual(entry.zone, await getZone(deps.pool, home.accountId, home.id));
  assert.deepEqual((await callerOf(undefined))?.token, entry.token);
});

it('a token enters without a zone that is none, another account’s, or hidden', async () => {
  assert.equal((await callerOf(undefined))?.zone, undefined);
  assert.equal((await callerOf('0'.repeat(32)))?.zone, undefined);
  const entry = await callerOf(foreign.id);
  assert(entry);
  assert.equal(entry.zone, undefined);
  await transaction(deps.pool, (tx) => hideZone(tx, home.accountId, home.id, deps.clock.now()));
  const hidden = await callerOf(home.id);
  assert(hidden);
  assert.equal(hidden.zone, undefined);
});

it('nobody enters with an unknown token, or one whose time is over', async () => {
  assert.equal(await callerOf(home.id, 'cp_unknown'), undefined);
  assert.equal(await callerOf(home.id, secret, then(deps.clock.now(), minutes(6))), undefined);
});

it('lists tell requests apart that they ask for together, those of no zone among them', async () => {
  const account = await givenAccount(deps, ['lists.test']);
  const zoneId = account.zones[0]?.id ?? '';
  const found = await Promise.all([
    callers.get(account.token, zoneId),
    callers.get(account.token, ''),
    callers.get('cp_unknown', zoneId),
    callers.get(account.token, '0'.repeat(32)),
    callers.get(account.token, foreign.id),
    callers.get(account.token, zoneId),
  ]);
  const seen = found.map(({ token, version }) => [token?.accountId === account.id, version !== undefined]);
  assert.deepEqual(seen, [
    [true, true],
    [true, false],
    [false, false],
    [true, false],
    [true, false],
    [true, true],
  ]);
});

const TERMS: readonly (readonly [string, Partial<TokenTerms>, boolean])[] = [
  ['as it was made', {}, true],
  ['that is switched off', { isDisabled: true }, false],
  ['whose maker is', { isHeld: true }, false],
  ['that begins later', { notBefore: new Date('2100-01-01') }, false],
  ['that has begun', { notBefore: new Date('2000-01-01') }, true],
  ['whose time is over', { expiresOn: new Date('2000-01-01') }, false],
  ['whose time is not over', { expiresOn: new Date('2100-01-01') }, true],
];
for (const [what, terms, isGood] of TERMS) {
  it(`a token ${what} is ${isGood ? '' : 'not '}good, to a list as to all else`, async () => {
    const { accountId } = await givenZone(deps, `${TERMS.findIndex(([one]) => one === what)}.terms.test`);
    const now = deps.clock.now();
    const bearer = await createToken(deps.pool, { accountId, name: 'one', access: 'read' }, now);
    const token = await getTokenNamed(deps.pool, accountId, 'one');
    assert(token);
    await updateToken(deps.pool, { ...token, ...terms }, now);
    assert.equal((await callerOf(undefined, bearer)) !== undefined, isGood);
    assert.equal((await callers.get(bearer, '')).token !== undefined, isGood);
  });
}

it('a list is given the same token as all else', async () => {
  const { accountId } = await givenZone(deps, 'same.test');
  const now = deps.clock.now();
  const zones = ['0'.repeat(32), '1'.repeat(32)];
  const bearer = await createToken(deps.pool, { accountId, name: 'ü', access: 'certificates', zones }, now);
  const made = await getTokenNamed(deps.pool, accountId, 'ü');
  assert(made);
  await updateToken(deps.pool, { ...made, requestIp: { in: ['192.0.2.0/24'] } }, now);
  const caller = await callerOf(undefined, bearer);
  assert.deepEqual(caller?.token.requestIp, { in: ['192.0.2.0/24'] });
  assert.deepEqual((await callers.get(bearer, '')).token, caller.token);
});
