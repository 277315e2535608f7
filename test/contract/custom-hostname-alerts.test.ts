/** What accounts are told of their custom hostnames, and what stands in the record. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { happenedIn } from '../../src/job/periodic/alert-happened.ts';
import { payloadOf } from '../../src/notify/channels/generic.ts';
import type { ChoosingPolicy } from '../../src/pack/alert-choice.ts';
import { currentHistory, readAlertableEvents } from '../../src/store/alert-events.ts';
import { type HostnameScene, hostnameScene, showAll } from '../support/hostnames.ts';
import { until } from '../support/world.ts';

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
before(async () => {
  scene = await hostnameScene(ends);
});
after(() => ends.disposeAsync());

const policyOf = (since: Date): ChoosingPolicy => ({
  id: 'd'.repeat(32),
  name: 'hostnames',
  alertType: 'custom_ssl_certificate_event_type',
  filters: {},
  interval: 0,
  since,
  isSilent: false,
  channels: [],
});

/** A hostname that was made, shown and issued, and what an account is told of that. */
async function givenTold() {
  const { client, zones, id: accountId } = await scene.owner(['saas.test']);
  const at = { zone_id: zones[0]?.id ?? assert.fail() };
  const since = scene.jobs.clock.now();
  await currentHistory(scene.jobs.pool);
  const hostname = 'app.shop.test';
  showAll(scene.shown, hostname);
  scene.shown.cname.set(hostname, 'saas.test');
  const one = await client.customHostnames.create({
    ...at,
    hostname,
    ssl: { method: 'txt', type: 'dv', settings: { http2: 'on' } },
    custom_metadata: { customer: '17' },
  });
  await scene.carry();
  await scene.pass(120);
  const behind = { after: { xact: '0', zoneId: '', seq: 0 }, since };
  const read = async () => {
    const { events } = await readAlertableEvents(scene.jobs.pool, accountId, behind);
    return happenedIn(scene.jobs, accountId, { events, policies: [policyOf(since)] });
  };
  // What goes on in other databases of the server may hold events up.
  const told = await until(read, ({ length }) => length >= 3, 20);
  return { client, accountId, at, one, hostname, told };
}

it('a webhook has what Cloudflare sends for SaaS, and the record tells what was done to the hostname', async () => {
  const { client, accountId, at, one, hostname, told } = await givenTold();
  const types = told.map(({ facts }) => facts.hostname?.type.replace('ssl.custom_hostname_certificate.', ''));
  assert.deepEqual(types, ['validation.succeeded', 'issuance.succeeded', 'deployment.succeeded']);
  const last = told.at(-1)?.facts ?? assert.fail();
  const payload = payloadOf({
    id: 'a'.repeat(32),
    accountId,
    policyId: 'd'.repeat(32),
    policyName: 'hostnames',
    alertType: 'custom_ssl_certificate_event_type',
    body: { ...last, state: 'end', correlationId: 'c'.repeat(32) },
    madeOn: new Date(last.madeOn),
  });
  assert.deepEqual(payload.metadata, {
    event: {
      id: 'a'.repeat(32),
      type: 'ssl.custom_hostname_certificate.deployment.succeeded',
      created_at: last.madeOn,
    },
    account: { id: accountId },
    zone: { id: at.zone_id },
  });
  const { data }: { data: Record<string, unknown> } = JSON.parse(JSON.stringify(payload));
  assert.deepEqual(
    [data['id'], data['hostname'], data['custom_metadata'], data['ssl'], data['certificate_pack_id']],
    [
      one.id,
      hostname,
      { customer: '17' },
      { id: one.ssl?.id, type: 'dv', method: 'txt', status: 'active', settings: { http2: 'on' } },
      one.ssl?.id,
    ],
  );

  await client.customHostnames.delete(one.id, at);
  const { rows } = await scene.jobs.pool.query<{ event: string }>(
    'select event from audit where resource_id = $1 order by seq',
    [one.id],
  );
  assert.deepEqual(
    rows.map(({ event }) => event),
    ['create', 'activate', 'delete'],
  );
});
