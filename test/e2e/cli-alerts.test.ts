/** `certpacks alerts` as a person types it, against the API. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { MAIN, plainEnvironment } from '../support/commands.ts';
import { givenDelivery } from '../support/deliveries.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, ['shop.test']);
});
after(() => ends.disposeAsync());

/** Runs a command; what it printed. */
async function alerts(args: readonly string[], more: Record<string, string> = {}) {
  const env = { ...plainEnvironment(), CERTPACKS_TOKEN: owner.token, ...more };
  const child = spawn(process.execPath, [MAIN, 'alerts', ...args, '--api', api.url], {
    env,
    timeout: 90_000,
  });
  const [[status], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status: Number(status), out, err };
}

async function json<T>(args: readonly string[], more: Record<string, string> = {}): Promise<T> {
  const { status, out, err } = await alerts([...args, '--json'], more);
  assert.equal(status, 0, err);
  return JSON.parse(out);
}

it('makes a webhook and a policy, silences it, lists all of it, and takes it away', async () => {
  const hook = await json<{ id: string; signing_key: string }>(
    ['add-webhook', 'hook', 'https://alerts.example.com/in'],
    { CERTPACKS_WEBHOOK_SECRET: 'the secret' },
  );
  assert.match(hook.signing_key, /^whsec_/);
  const filters = ['--filter', 'event_type=validation.failed', '--filter', 'event_type=order.failed'];
  const channels = ['--webhook', hook.id, '--email', 'ops@shop.test'];
  const { id } = await json<{ id: string }>([
    'add',
    'failures',
    ...channels,
    ...filters,
    '--interval',
    '24h',
  ]);
  const [policy] = await json<{ filters: object; alert_interval: string; mechanisms: object }[]>(['list']);
  assert.deepEqual(policy?.filters, { event_type: ['validation.failed', 'order.failed'] });
  assert.equal(policy?.alert_interval, '24h');
  await json(['silence', id, '--from', '2026-01-01', '--until', '2026-01-02T12:00:00Z']);
  const listed = await Promise.all(
    ['types', 'list', 'webhooks', 'silences', 'history'].map((one) => alerts([one])),
  );
  for (const { status, err } of listed) assert.equal(status, 0, err);
  assert.match(listed[0]?.out ?? '', /universal_ssl_event_type +zones target_hostname event_type new_status/);
  assert.match(listed[2]?.out ?? '', /hook +generic +https:\/\/alerts\.example\.com\/in/);
  for (const { out } of listed) assert.doesNotMatch(out, /the secret|whsec_/);
  const gone = await alerts(['remove', 'policy', id]);
  assert.equal(gone.out, `policy ${id} is gone\n`);
  assert.deepEqual(await json(['silences']), []);
});

it('shows what could not be delivered, and has it tried again', async () => {
  const [hook] = await json<{ id: string }[]>(['webhooks']);
  const key = { accountId: owner.id, id: hook?.id ?? '' };
  const { id } = await givenDelivery(api.jobs, key, { number: 1_000, status: 'dead' });
  const { out } = await alerts(['deliveries', '--status', 'dead']);
  assert.match(out, new RegExp(`^${id} +dead .*it does not answer`, 'm'));
  assert.match((await alerts(['redeliver', id])).out, new RegExp(`^${id} +queued`, 'm'));
});

for (const [args, why] of [
  [['add', 'x', '--filter', 'zones'], /--filter is name=value/],
  [['add', 'x', '--type', 'dos_attack_l7'], /there are dedicated_ssl_certificate_event_type/],
  [['add-webhook', 'x', 'https://127.0.0.1/'], /not public/],
  [['add-pagerduty', 'x'], /CERTPACKS_PAGERDUTY_KEY/],
  [['remove', 'everything', 'x'], /one of policy, webhook, pagerduty, silence/],
] as const)
  it(`says in one line what is wrong with: ${args.join(' ')}`, async () => {
    const { status, err } = await alerts(args);
    assert.notEqual(status, 0);
    assert.match(err, why);
  });
