/** What an order's answer says beside the pack: what is done otherwise than asked, and what holds the pack up. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type Cloudflare from 'cloudflare';
import { buildApi } from '../../src/api/api.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import type { CaRow } from '../../src/ca/ca.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { startWorker } from '../../src/job/engine/worker.ts';
import { VirtualClock } from '../../src/kit/clock.ts';
import { KeyedSignal } from '../../src/kit/keyed-signal.ts';
import { between, hours } from '../../src/kit/time.ts';
import { NO_BACKUPS } from '../../src/operation/insert-backup.ts';
import type { Pack, PackZone } from '../../src/pack/pack.ts';
import { createToken } from '../../src/store/tokens.ts';
import { apiOn, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import {
  givenCertificates,
  givenPack,
  givenZone,
  startJobDeps,
  type TestJobDeps,
} from '../support/job-deps.ts';
import { type WithCaOptions, withCa } from '../support/simulator/with-ca.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let api: TestApi;
before(async () => {
  deps = await startJobDeps(ends);
  api = await apiOn(ends, deps);
});
after(() => ends.disposeAsync());

interface Message {
  readonly code: number;
  readonly message: string;
}
type Order = Parameters<Cloudflare['ssl']['certificatePacks']['create']>[0];
interface Given {
  readonly client: Cloudflare;
  /** Messages of an order with such changes. */
  readonly said: (change?: Partial<Order> & Record<string, unknown>, headers?: object) => Promise<Message[]>;
  readonly zone: PackZone;
}

let zones = 0;

/** An API in whose zone Cloudflare's own client orders. */
async function given(t: TestContext, changes: Partial<ApiDeps>, known?: PackZone): Promise<Given> {
  const rows = new Map([['lets_encrypt', documentedRows.lets_encrypt]] as const);
  const app = await buildApi({ ...api.deps, rows, ...changes });
  t.after(() => app.close());
  const baseURL = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  zones += 1;
  const zone = known ?? (await givenZone(deps, `zone-${zones}.test`, 'partial'));
  const owner = { accountId: zone.accountId, name: 'x', access: 'write' } as const;
  const apiToken = await createToken(deps.pool, owner, deps.clock.now());
  const client = newClient({ apiToken, baseURL });
  const usual: Order = {
    zone_id: zone.id,
    type: 'advanced',
    hosts: [zone.name],
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 90,
  };
  const said: Given['said'] = async (change = {}, headers = {}) => {
    const order = { ...usual, ...change };
    const answer = await client.ssl.certificatePacks.create(order, { headers: { ...headers } }).asResponse();
    assert.equal(answer.status, 200);
    return JSON.parse(await answer.text()).messages;
  };
  return { client, said, zone };
}

/** The same with a worker and a CA. */
async function working(
  t: TestContext,
  { row, ...more }: WithCaOptions & Partial<Pick<TestJobDeps, 'precheckCaa'>>,
): Promise<Given> {
  const { at, ca } = await withCa(t, { ...deps, ...more }, row ? { row } : {});
  const moves = new KeyedSignal<Pack>();
  const worker = startWorker({ ...at, moves }, 4);
  t.after(() => worker.stop());
  const rows = new Map([[ca.row.name, { ...ca.row, ...row }]]);
  return given(t, { rows, orderWait: 20, moves, poke: worker.poke });
}

test('an order to which there is nothing to say has no messages', async (t) => {
  const { said } = await working(t, {});
  assert.deepEqual(await said(), []);
  assert.deepEqual(await said({ cloudflare_branding: false, deploy: 'staging' }), []);
});

test('PATCH says when a change of branding comes to be in the certificates; an order has nothing to say of it', async (t) => {
  const { said, client, zone } = await given(t, {});
  assert.deepEqual(await said({ cloudflare_branding: true }), []);
  const patch = async (id: string, cloudflare_branding?: boolean): Promise<Message[]> => {
    const change = { zone_id: zone.id, ...(cloudflare_branding !== undefined && { cloudflare_branding }) };
    const answer = await client.ssl.certificatePacks.edit(id, change).asResponse();
    return JSON.parse(await answer.text()).messages;
  };
  const [ordered] = (await client.ssl.certificatePacks.list({ zone_id: zone.id, status: 'all' })).result;
  for (const branding of [true, false, undefined])
    assert.deepEqual(await patch(ordered?.id ?? '', branding), [], `${branding}`);

  const active = await givenPack(deps, zone, { status: 'active' });
  await givenCertificates(deps, active);
  assert.deepEqual(
    (await patch(active, true)).map(({ code, message }) => [code, /are renewed now/.test(message)]),
    [[2005, true]],
  );
  assert.deepEqual(await patch(active), []);
  assert.deepEqual(await patch(active, false), []);
  const issuing = await givenPack(deps, zone, { status: 'pending_issuance' });
  assert.deepEqual(
    (await patch(issuing, true)).map(({ code, message }) => [code, /when they are renewed/.test(message)]),
    [[2005, true]],
  );
});

test('fields that nobody reads are named, shortly', async (t) => {
  const { said } = await given(t, {});
  const [one] = await said({ validity: 90 });
  assert.deepEqual(one, { code: 2004, message: 'not known here and left out of the order: "validity"' });
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`${i}${'\u0007x'.repeat(99)}`, i]));
  const message = (await said(many))[0]?.message ?? '';
  assert.match(message, / and 4 more$/);
  assert(message.length < 1_000 && !message.includes('\u0007'), message);
});

test('a repeated request is said to be one', async (t) => {
  const { said } = await given(t, {});
  const once = { 'Idempotency-Key': 'once' };
  assert.deepEqual(await said({}, once), []);
  assert.deepEqual(
    (await said({}, once)).map(({ code }) => code),
    [2003],
  );
});

test('a renewal that will be for less is foretold, of public certificates', async (t) => {
  const ahead = between(new Date(), new Date('2029-02-01T12:00:00Z'));
  const clock = new VirtualClock(ahead);
  const { said } = await given(t, { clock });
  const message =
    'when this certificate pack is renewed, about 2029-04-02, 47 days are the most that is allowed (Baseline Requirements 6.3.2), not 90';
  assert.deepEqual(await said(), [{ code: 2006, message }]);
  const own: CaRow = { ...documentedRows.lets_encrypt, isPublic: false };
  const { said: privately } = await given(t, { clock, rows: new Map([['lets_encrypt', own]]) });
  assert.deepEqual(await privately(), []);
});

test('a limit of the CA that the pack waits for is told, and until when', async (t) => {
  const { said } = await working(t, { row: { limits: { duplicates: { most: 1, within: hours(2) } } } });
  assert.deepEqual(await said(), []);
  const messages = await said();
  assert.deepEqual(
    messages.map(({ code }) => code),
    [2007],
  );
  assert.match(
    messages[0]?.message ?? '',
    /lets_encrypt takes 1 certificates for just these hosts in 2 hours, .* goes on by itself at .* UTC$/,
  );
});

test('CAA records that could not be told are told of', async (t) => {
  const doubt =
    'CAA zone.test cannot be told: ns1 is silent; repair these servers, or the CA may refuse to issue';
  const { said } = await working(t, { precheckCaa: async () => ({ doubts: [doubt] }) });
  assert.deepEqual(await said(), [{ code: 2008, message: doubt }]);
});

test('a backup that is for fewer days is told, and one that the account has coming and no CA can issue', async (t) => {
  const google: CaRow = { ...documentedRows.google, validityDays: [30], isPublic: false };
  const lets = documentedRows.lets_encrypt;
  const { said } = await given(t, {
    rows: new Map([['google', google] as const, ['lets_encrypt', lets] as const]),
  });
  assert.deepEqual(await said({ backup: true }), [
    { code: 2013, message: 'certificates of its backup are for 30 days, not 90: google offers no more' },
  ]);
  assert.deepEqual(await said(), []);
  const { said: alone, zone } = await given(t, {});
  assert.deepEqual(await alone(), []);
  const accounts = [zone.accountId];
  const app = await given(t, { backups: { ...NO_BACKUPS, accounts } }, zone);
  assert.deepEqual(
    (await app.said()).map(({ code }) => code),
    [2014],
  );
});
