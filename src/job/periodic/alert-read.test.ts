/** What happens to packs and zones of an account is told to whom its policies say, once, whatever comes between. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { deliveriesOf, givenPolicy, givenWebhook, sendingWith } from '../../../test/support/alerting.ts';
import {
  clear,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { moveOn } from '../../../test/support/moving.ts';
import { advance } from '../../operation/advance.ts';
import { lifeWork } from '../../operation/work.ts';
import { zoneEvent } from '../../operation/zone-event.ts';
import type { PackZone } from '../../pack/pack.ts';
import type { AlertPolicy } from '../../store/alert-policies.ts';
import { insertAlertSilence } from '../../store/alert-silences.ts';
import { recordAudit, WORKER } from '../../store/audit.ts';
import { transaction } from '../../store/store.ts';
import { readAlerts } from './alert-read.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = { ...(await startJobDeps(ends)), alerts: sendingWith() };
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const { signal } = new AbortController();

/** An account with one zone, and a policy that tells one webhook. */
async function given(change: Partial<AlertPolicy> = {}, kind = 'generic') {
  const zone = await givenZone(deps, 'one.test');
  const webhook = await givenWebhook(deps, zone.accountId, { url: 'http://127.0.0.1:9/', kind });
  const mechanisms = { webhooks: [{ id: webhook }] };
  const policy = await givenPolicy(deps, zone.accountId, { mechanisms, ...change });
  return { zone, webhook, policy, mechanisms };
}

/** What is told, once so much of it is: what goes on in other databases of the server may hold events up. */
async function toldOf({ accountId }: PackZone, count: number) {
  for (const end = Date.now() + 20_000; ; await delay(50)) {
    await readAlerts(deps, signal);
    const told = await deliveriesOf(deps, accountId);
    if (told.length >= count) {
      assert.equal(told.length, count);
      return told;
    }
    assert(
      Date.now() < end,
      `${told.length} of ${count} are there: ${told.map(({ body }) => body.event).join()}`,
    );
  }
}

const eventsOf = (told: Awaited<ReturnType<typeof deliveriesOf>>) => told.map(({ body }) => body.event);

test('a pack’s way is told in its order, with words, and once, by however many readers', async () => {
  const { zone, policy } = await given();
  const id = await givenPack(deps, zone, { hosts: ['shop.one.test', '*.shop.one.test'] });
  for (let i = 0; i < 4; i++) await moveOn(deps, id);
  await Promise.all([readAlerts(deps, signal), readAlerts(deps, signal), readAlerts(deps, signal)]);
  const told = await toldOf(zone, 3);
  assert.deepEqual(eventsOf(told), ['validation.succeeded', 'issuance.succeeded', 'deployment.succeeded']);
  const last = told.at(-1)?.body;
  assert.equal(last?.title, 'shop.one.test and 1 more: Every edge serves the certificates');
  assert.match(last?.text ?? '', /^Shop\.one\.test and 1 more: it is served/);
  assert.equal(last?.link, `https://certs.example.net/dashboard/#/zones/${zone.id}/packs/${id}`);
  assert.deepEqual(
    { ...last?.data, account_name: '' },
    {
      account_name: '',
      account_tag: zone.accountId,
      certificate_id: '',
      certificate_pack_id: id,
      certificate_status: 'active',
      event_type: 'deployment.succeeded',
      hostnames: 'shop.one.test, *.shop.one.test',
      pack_ca: 'lets_encrypt',
      pack_id: id,
      pack_status: 'active',
      pack_validation: 'txt',
      zone_name: 'one.test',
      zone_tag: zone.id,
    },
  );
  assert.ok(policy);
});

test('what happens to a zone is told beside it, in one order', async () => {
  const { zone, mechanisms } = await given();
  await givenPolicy(deps, zone.accountId, { mechanisms, alertType: 'zone_status_event_type' });
  await transaction(deps.pool, (tx) => recordAudit(tx, zoneEvent('move', zone, WORKER), deps.clock.now()));
  const [one] = await toldOf(zone, 1);
  assert.equal(one?.body.event, 'zone.moved');
  assert.equal(one?.subject, zone.id);
});

test('filters, silences and what was before the policy are kept to; without a policy nothing is read', async () => {
  const zone = await givenZone(deps, 'one.test');
  const early = await givenPack(deps, zone);
  await moveOn(deps, early);
  await moveOn(deps, early);
  deps.clock.advance(1);
  const webhook = await givenWebhook(deps, zone.accountId, { url: 'http://127.0.0.1:9/' });
  const mechanisms = { webhooks: [{ id: webhook }] };
  const filters = { event_type: ['issuance.succeeded'] };
  const policy = await givenPolicy(deps, zone.accountId, { mechanisms, filters });
  const now = deps.clock.now();
  await moveOn(deps, early);
  assert.deepEqual(eventsOf(await toldOf(zone, 1)), ['issuance.succeeded']);
  await transaction(deps.pool, (tx) =>
    insertAlertSilence(tx, {
      accountId: zone.accountId,
      id: 'a'.repeat(32),
      policyId: policy,
      createdOn: now,
      updatedOn: now,
      startsOn: now,
      endsOn: new Date(now.getTime() + 60_000),
    }),
  );
  const late = await givenPack(deps, zone);
  for (let i = 0; i < 3; i++) await moveOn(deps, late);
  assert.deepEqual(
    (await toldOf(zone, 2)).map(({ status }) => status),
    ['queued', 'silenced'],
  );
  await deps.pool.query('update alert_policies set is_enabled = false');
  await moveOn(deps, late);
  for (const end = Date.now() + 20_000; ; await delay(50)) {
    await readAlerts(deps, signal);
    const { rows } = await deps.pool.query("select from alert_readers where due_at = 'infinity'");
    if (rows.length === 1) break;
    assert(Date.now() < end, 'it sleeps');
  }
});

test('another history loses nothing that happened since, and tells nothing again', async () => {
  const { zone } = await given();
  const id = await givenPack(deps, zone);
  for (let i = 0; i < 3; i++) await moveOn(deps, id);
  await toldOf(zone, 2);
  deps.clock.advance(3_600);
  const other = await givenPack(deps, zone);
  for (let i = 0; i < 4; i++) await moveOn(deps, other);
  await deps.pool.query("update alert_readers set history = 'another', xact = '99999999999'");
  assert.deepEqual(eventsOf(await toldOf(zone, 5)).slice(2), [
    'validation.succeeded',
    'issuance.succeeded',
    'deployment.succeeded',
  ]);
  // What was told long before is not told again even where nobody knows any more that it was.
  await deps.pool.query('delete from alert_deliveries');
  await deps.pool.query("update alert_readers set history = 'yet another', xact = '99999999999'");
  const told = await toldOf(zone, 3);
  assert.ok(told.every(({ subject }) => subject === other));
  const { rows } = await deps.pool.query('select from alert_readers where told_from is null');
  assert.equal(rows.length, 1, 'it reads on as usual');
});

test('the same is not told again within the interval, and an end is told of what began', async () => {
  const { zone } = await given({ alertInterval: '1h' });
  const id = await givenPack(deps, zone, { status: 'pending_deployment' });
  const say = (event: string) =>
    transaction(deps.pool, (tx) =>
      recordAudit(
        tx,
        {
          event,
          actor: WORKER,
          accountId: zone.accountId,
          zoneId: zone.id,
          resource: 'certificate_pack',
          resourceId: id,
          name: undefined,
        },
        deps.clock.now(),
      ),
    );
  await say('at_risk');
  await toldOf(zone, 1);
  deps.clock.advance(600);
  await say('at_risk');
  await moveOn(deps, id);
  const told = await toldOf(zone, 2);
  assert.deepEqual(
    told.map(({ body }) => [body.event, body.state]),
    [
      ['renewal.late', 'start'],
      ['deployment.succeeded', 'end'],
    ],
  );
  assert.equal(told[0]?.body.correlationId, told[1]?.body.correlationId);
  await say('at_risk');
  assert.equal((await toldOf(zone, 3))[2]?.body.state, 'start', 'it is another incident');
});

test('what keeps incidents is told what is wrong and that it is over, and nothing else', async () => {
  const filters = { event_type: ['deployment.failed'] };
  const { zone } = await given({ filters }, 'alertmanager');
  const id = await givenPack(deps, zone);
  for (let i = 0; i < 3; i++) await moveOn(deps, id);
  deps.clock.advance(86_400 * 2);
  const failing = await givenPack(deps, zone, { status: 'pending_deployment' });
  await transaction(deps.pool, async (tx) =>
    advance(tx, deps, lifeWork(await packOf(deps, failing)), { event: 'late' }),
  );
  assert.deepEqual(eventsOf(await toldOf(zone, 1)), ['deployment.failed']);
  await transaction(deps.pool, async (tx) =>
    advance(tx, deps, lifeWork(await packOf(deps, failing)), { event: 'restart' }),
  );
  await moveOn(deps, failing);
  const told = await toldOf(zone, 2);
  assert.deepEqual([told[1]?.body.event, told[1]?.body.state], ['deployment.succeeded', 'end']);
});

test('whose move it is to show control is told after a minute, unless it was shown by then', async () => {
  const zone = await givenZone(deps, 'elsewhere.test', 'partial');
  const webhook = await givenWebhook(deps, zone.accountId, { url: 'http://127.0.0.1:9/' });
  await givenPolicy(deps, zone.accountId, { mechanisms: { webhooks: [{ id: webhook }] } });
  const record = { host: 'elsewhere.test', method: 'txt', status: 'pending' } as const;
  const shown = { ...record, txtName: '_acme-challenge.elsewhere.test', txtValue: 'abc' };
  const id = await givenPack(deps, zone, { validationRecords: [shown] });
  await moveOn(deps, id);
  const [wanted] = await toldOf(zone, 1);
  assert.equal(wanted?.body.event, 'validation.wanted');
  assert.match(wanted?.body.text ?? '', /It is your move: create the records below/);
  assert.match(wanted?.body.text ?? '', /_acme-challenge\.elsewhere\.test\. 300 IN TXT "abc"/);
  assert.ok((wanted?.due_at?.getTime() ?? 0) > deps.clock.now().getTime() + 50_000);
  await moveOn(deps, id);
  const told = await toldOf(zone, 2);
  assert.deepEqual(
    told.map(({ status }) => status),
    ['cancelled', 'queued'],
  );
});

test('where people get more than they may in a minute, the rest is one message that names the first', async () => {
  deps = { ...deps, alerts: { ...deps.alerts, digestAfter: 3 } };
  const { zone } = await given({ filters: { event_type: ['validation.succeeded'] } }, 'slack');
  for (let i = 0; i < 30; i++) {
    const id = await givenPack(deps, zone, { hosts: [`shop-${i}.one.test`] });
    await moveOn(deps, id);
    await moveOn(deps, id);
    if (i === 10) await toldOf(zone, 4);
  }
  for (const end = Date.now() + 20_000; ; await delay(50)) {
    const told = await toldOf(zone, 4);
    const digest = told.at(-1)?.body;
    if (digest?.digest?.count === 27) {
      assert.equal(digest.title, '27 alerts');
      assert.equal(digest.digest.items.length, 20);
      assert.match(digest.text, /^- shop-3\.one\.test: Control of all hosts was shown\n {2}https:/);
      assert.match(digest.text, /and 7 more$/);
      break;
    }
    assert(Date.now() < end, `${digest?.digest?.count} in the digest`);
  }
});
