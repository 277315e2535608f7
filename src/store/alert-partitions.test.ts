/** Each statement on alerts finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenDelivery } from '../../test/support/deliveries.ts';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { cutTables, pieceOf } from '../../test/support/partitioned.ts';
import { changeAlertPolicy } from '../operation/change-alert-policy.ts';
import { changeAlertSilences, deleteAlertSilence } from '../operation/change-alert-silences.ts';
import { changeAlertWebhook, rollSigningKey } from '../operation/change-alert-webhook.ts';
import { createAlertPagerduty } from '../operation/create-alert-pagerduty.ts';
import { createAlertPolicy } from '../operation/create-alert-policy.ts';
import { createAlertSilences } from '../operation/create-alert-silences.ts';
import { createAlertWebhook } from '../operation/create-alert-webhook.ts';
import { deleteAlertWebhook, deletePagerduty } from '../operation/delete-alert-destination.ts';
import { deleteAlertPolicy } from '../operation/delete-alert-policy.ts';
import { redeliverAlert } from '../operation/redeliver-alert.ts';
import type { PackZone } from '../pack/pack.ts';
import { listDeliveries, listHistory } from './alert-history.ts';
import { getPagerdutyKey } from './alert-pagerduty.ts';
import { getAlertSilence, isSilent } from './alert-silences.ts';
import { getAlertWebhook, noteWebhookUse } from './alert-webhooks.ts';
import { OPERATOR } from './audit.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let zone: PackZone;
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  await cutTables(plain.pool);
  zone = await givenZone(plain, 'zone.test');
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool };
});
after(() => ends.disposeAsync());

const POLICY = {
  name: 'policy',
  description: '',
  alertType: 'universal_ssl_event_type',
  isEnabled: true,
  alertInterval: undefined,
};

test('what there is of alerts is made, changed, read and taken away inside one piece: that of its account', async () => {
  const { accountId } = zone;
  const now = deps.clock.now();
  const url = 'https://alerts.example.com/';
  const webhook = await createAlertWebhook(deps, { accountId, terms: { name: 'hook', url } }, OPERATOR);
  await changeAlertWebhook(deps, webhook, { name: 'other', url, secret: 'x' }, OPERATOR);
  await rollSigningKey(deps, webhook, OPERATOR);
  await noteWebhookUse(deps.pool, webhook, { on: now, isSuccess: true });
  await noteWebhookUse(deps.pool, webhook, { on: new Date(0), isSuccess: true });
  assert.deepEqual((await getAlertWebhook(deps.pool, webhook))?.lastSuccessOn, now, 'the last one stands');
  const service = { name: 'on call', integrationKey: 'k'.repeat(32) };
  const request = { accountId, keyHash: Buffer.from('key'), bodyMac: Buffer.from('body') };
  const pagerduty = await createAlertPagerduty(deps, { accountId, terms: service, request }, OPERATOR);
  assert(await getPagerdutyKey(deps.pool, pagerduty));
  const terms = {
    ...POLICY,
    filters: { zones: [zone.id] },
    mechanisms: { webhooks: [{ id: webhook.id }], pagerduty: [{ id: pagerduty.id }] },
  };
  const policy = await createAlertPolicy(deps, { accountId, terms }, OPERATOR);
  await changeAlertPolicy(deps, policy, () => ({ name: 'changed' }), OPERATOR);
  const times = { startsOn: now, endsOn: new Date(now.getTime() + 1_000) };
  const [silence] = await createAlertSilences(
    deps,
    { accountId, wishes: [{ policyId: policy.id, ...times }] },
    OPERATOR,
  );
  assert(silence && isSilent(silence, now) && !isSilent(silence, times.endsOn));
  await changeAlertSilences(deps, accountId, [{ id: silence.id, endsOn: now }], OPERATOR);
  assert.deepEqual((await getAlertSilence(deps.pool, silence))?.endsOn, now);
  const dead = await givenDelivery(deps, webhook, { number: 10, status: 'dead' });
  await redeliverAlert(deps, dead, OPERATOR);
  assert.equal(
    (await listDeliveries(deps.pool, accountId, { status: 'queued', after: 9, most: 9 })).length,
    1,
  );
  const ask = { since: now, before: undefined, skip: 0, most: 9 };
  assert.equal((await listHistory(deps.pool, accountId, ask)).total, 0);
  await deleteAlertSilence(deps, silence, OPERATOR);
  await deleteAlertWebhook(deps, webhook, OPERATOR);
  await deletePagerduty(deps, { accountId }, OPERATOR);
  await deleteAlertPolicy(deps, policy, OPERATOR);
  const pieces = seen.flatMap(({ relations }) => relations.flatMap((name) => pieceOf(name) ?? []));
  const tables = new Set(pieces.map(({ table }) => table).filter((table) => table.startsWith('alert_')));
  for (const table of ['deliveries', 'pagerduty', 'policies', 'silences', 'webhooks'])
    assert(tables.has(`alert_${table}`), table);
  const ofAlerts = pieces.filter(({ table }) => tables.has(table));
  assert.equal(new Set(ofAlerts.map(({ piece }) => piece)).size, 1);
});
