/** What is done about alerts in the dashboard, in a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { needsBrowser } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { askApi } from '../support/dashboard-views.ts';

const LIMIT = { timeout: 120_000, ...needsBrowser() };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
before(async () => {
  if (LIMIT.skip === false) scene = await startDashboard(ends);
}, LIMIT);
after(() => ends.disposeAsync());

it(
  'a webhook and a policy are made, changed, silenced and deleted; the key to sign with is shown once',
  LIMIT,
  async () => {
    const { page, troubles } = await signedIn(scene);
    await show(page, 'alerts/channels', 'Channels');
    await page.getByLabel('Name', { exact: true }).fill('operations');
    await page.getByLabel('Address').fill('ftp://hooks.example.com');
    await page.getByRole('button', { name: 'Make the webhook' }).click();
    await page.locator('.field.wrong', { hasText: 'Address' }).waitFor();
    troubles.length = 0; // A refusal is an error of the console.
    await page.getByLabel('Address').fill('https://hooks.example.test/certificates');
    await page.getByRole('button', { name: 'Make the webhook' }).click();
    await page.getByText('This is shown once').waitFor();
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('row', { name: /operations https:\/\/hooks/ }).waitFor();

    await page.getByRole('link', { name: 'Policies' }).click();
    await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor();
    await page.getByText('nobody is told of anything').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('what fails');
    await page.getByText('Only some events').click();
    await page.getByLabel('Control was not shown in time').check();
    await page.getByLabel('operations').check();
    await page.getByRole('button', { name: 'Make the policy' }).click();
    const row = page.getByRole('row', { name: /what fails.*operations/ });
    await row.waitFor();
    const path = `/accounts/${scene.world.account_id}/alerting/v3/policies`;
    const [policy] = await askApi<{ filters: object }[]>(scene.world, 'GET', path);
    assert.deepEqual(policy?.filters, { event_type: ['validation.failed'] });

    await row.getByRole('button', { name: 'Change', exact: true }).click();
    await page.getByRole('dialog').getByLabel('At most every').fill('24h');
    await page.getByRole('dialog').getByRole('button', { name: 'Change the policy' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    const [changed] = await askApi<{ alert_interval: string; filters: object }[]>(scene.world, 'GET', path);
    assert.equal(changed?.alert_interval, '24h');
    assert.deepEqual(changed.filters, { event_type: ['validation.failed'] }, 'the rest stays');

    await row.getByRole('button', { name: 'Silence' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Silence' }).click();
    const silences = page.getByRole('region', { name: 'Silences' });
    await silences.getByRole('row', { name: /what fails/ }).waitFor();
    await silences.getByRole('button', { name: 'End it' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await page.getByText('No policy is silent.').waitFor();
    await row.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('nobody is told of anything').waitFor();
    assert.deepEqual(troubles, []);
  },
);

it(
  'a service of PagerDuty is added, chosen for a policy, and deleted; its key is shown nowhere again',
  LIMIT,
  async () => {
    const { page, troubles } = await signedIn(scene);
    await show(page, 'alerts/channels', 'Channels');
    const form = page.getByRole('region', { name: 'New service of PagerDuty' });
    await form.getByLabel('Name of the service').fill('on call');
    await form.getByLabel('Integration key').fill('short');
    await form.getByRole('button', { name: 'Add the service' }).click();
    await form.locator('.field.wrong', { hasText: 'Integration key' }).waitFor();
    troubles.length = 0; // A refusal is an error of the console.
    const key = 'a1'.repeat(16);
    await form.getByLabel('Integration key').fill(key);
    await form.getByRole('button', { name: 'Add the service' }).click();
    const row = page.getByRole('row', { name: /on call/ });
    await row.waitFor();
    assert.equal(await form.getByLabel('Integration key').inputValue(), '');
    assert.equal((await page.content()).includes(key), false);

    await page.getByRole('link', { name: 'Policies' }).click();
    await page.getByLabel('Name', { exact: true }).fill('what wakes');
    await page.getByLabel('on call').check();
    await page.getByRole('button', { name: 'Make the policy' }).click();
    await page.getByRole('row', { name: /what wakes.*PagerDuty on call/ }).waitFor();
    const path = `/accounts/${scene.world.account_id}/alerting/v3`;
    const services = await askApi<{ id: string }[]>(scene.world, 'GET', `${path}/destinations/pagerduty`);
    const policies = await askApi<{ mechanisms: { pagerduty?: object[] } }[]>(
      scene.world,
      'GET',
      `${path}/policies`,
    );
    assert.deepEqual(policies[0]?.mechanisms.pagerduty, [{ id: services[0]?.id }]);

    await page.getByRole('link', { name: 'Channels' }).click();
    await row.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
    assert.deepEqual(troubles, []);
  },
);

it('what could not be delivered is listed with why, and sent again by a button', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  const dead = {
    id: '1',
    status: 'dead',
    policy_name: 'what fails',
    alert_type: 'x',
    event_type: 'x',
    title: 'Control was not shown',
    alert_body: 'x',
    mechanism: 'operations',
    mechanism_type: 'webhook',
    attempts: 12,
    problem: 'it answered 503',
    created_on: '2026-01-01T00:00:00.000000Z',
  };
  let redelivered = 0;
  await page.route(/\/deliveries/, (route) => {
    if (route.request().method() === 'POST') redelivered += 1;
    const result = redelivered === 0 ? [dead] : [{ ...dead, status: 'queued' }];
    return route.fulfill({
      json: { success: true, errors: [], messages: [], result, result_info: { count: 1 } },
    });
  });
  await show(page, 'alerts/deliveries?status=dead', 'Deliveries');
  await page.getByText('it answered 503').waitFor();
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.getByRole('row', { name: /queued/ }).waitFor();
  assert.equal(redelivered, 1);
  assert.deepEqual(troubles, []);
});
