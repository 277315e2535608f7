/** What people do in the dashboard, in a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needsBrowser, openPage } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard, tabTo } from '../support/dashboard.ts';

const LIMIT = { timeout: 120_000, ...needsBrowser() };

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const ends = new AsyncDisposableStack();
let scene: DashboardScene;
before(async () => {
  if (LIMIT.skip === false) scene = await startDashboard(ends);
}, LIMIT);
after(() => ends.disposeAsync());

it(
  'somebody signs in by the printed link, orders a pack, sees it become active and finds it',
  LIMIT,
  async () => {
    const { page, troubles } = await openPage(scene.browser);
    const link = scene.world.dashboard ?? assert.fail('no link was printed');
    await page.goto(link);
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    assert.equal(page.url().includes('sign-in'), false, 'its code is out of the address bar');

    await page.getByRole('link', { name: 'Zones', exact: true }).click();
    await page.getByLabel('Name', { exact: true }).fill('person.test');
    await page.getByRole('button', { name: 'Make the zone' }).click();
    await page.getByRole('heading', { level: 1, name: 'person.test' }).waitFor();
    await page.getByRole('link', { name: 'Order a pack' }).click();
    await page.getByLabel('Hosts').fill('person.test\nelsewhere.example');
    await page.getByRole('button', { name: 'Order', exact: true }).click();
    const hosts = page.getByLabel('Hosts');
    await page.locator('.wrong-text', { hasText: 'elsewhere.example' }).first().waitFor();
    assert.equal(await hosts.getAttribute('aria-invalid'), 'true', 'the refusal is tied to its field');
    troubles.length = 0; // A refusal is an error of the console.
    await hosts.fill('person.test\n*.person.test');
    await page.getByRole('button', { name: 'Order', exact: true }).click();
    await page.locator('h1 .badge', { hasText: /^active$/ }).waitFor({ timeout: 30_000 });
    const rows = page.getByRole('region', { name: 'Certificates of this pack' }).locator('tbody tr');
    assert.equal(await rows.count(), 2);

    await page.getByRole('link', { name: 'Packs', exact: true }).click();
    await page.getByLabel('Host, or what its name ends in').fill('person.test');
    await page.keyboard.press('Enter');
    await page.waitForURL(/host=person\.test/);
    await page.getByRole('row', { name: /person\.test.*active/ }).waitFor();
    assert.deepEqual(troubles, []);

    const other = await openPage(scene.browser);
    await other.page.goto(link);
    await other.page.getByText('this sign-in link is not good any more').waitFor();
  },
);

it(
  'everything can be done by keyboard: the order of a pack, and a question that is answered with no',
  LIMIT,
  async () => {
    const zone = await scene.world.client.zones.create({
      account: { id: scene.world.account_id },
      name: 'keyboard.test',
      type: 'full',
    });
    const { page } = await signedIn(scene);
    await show(page, `zones/${zone.id}`, /keyboard\.test/);
    await tabTo(page, 'Order a pack');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Order a pack' }).waitFor();
    await page.getByLabel('Hosts').waitFor();
    assert.equal(await page.evaluate('document.activeElement?.tagName'), 'H1', 'a new view is told');
    await tabTo(page, 'Order');
    await page.keyboard.press('Enter');
    await page.locator('h1 .badge', { hasText: /^active$/ }).waitFor({ timeout: 30_000 });
    await tabTo(page, 'Delete pack');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.equal(await page.evaluate('document.activeElement?.textContent'), 'Delete pack');
  },
);

it('whoever signs out is out, and so is whoever’s token is taken away', LIMIT, async () => {
  const { token } = await scene.world.tell<{ token: string }>('POST', '/tokens', {
    zones: '*',
    access: 'read',
  });
  const { page } = await signedIn(scene, token);
  const { id } = await scene.world.clientOf(token).user.tokens.verify();
  await scene.world.client.user.tokens.delete(id);
  await page.getByRole('link', { name: 'Zones', exact: true }).click();
  await page.getByText('You were signed out').waitFor();
  const other = await signedIn(scene);
  await other.page.getByRole('button', { name: 'Sign out' }).click();
  await other.page.getByText('You are signed out.').waitFor();
  await other.page.reload();
  await other.page.getByLabel('API token').waitFor();
});

it('certpacks dashboard prints a link that signs in', LIMIT, async () => {
  const { api, token } = scene.world;
  const env = { ...process.env, CERTPACKS_TOKEN: token };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'dashboard', '--api', api], { env });
  const { page } = await openPage(scene.browser);
  await page.goto(stdout.trim());
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});

it('a pack and its backup change places by a button, after a question', LIMIT, async () => {
  const { client, account_id: id } = scene.world;
  const zone = await client.zones.create({ account: { id }, name: 'places.test', type: 'full' });
  const order = {
    zone_id: zone.id,
    type: 'advanced',
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
    backup: true,
  } as const;
  const pack = await client.ssl.certificatePacks.create({ ...order, hosts: ['places.test'] });
  const { page, troubles } = await signedIn(scene);
  await show(page, `zones/${zone.id}/packs/${pack.id}`, /places\.test/);
  const backup = page.getByRole('region', { name: 'Backup' });
  await page.locator('h1 .badge', { hasText: /^active$/ }).waitFor({ timeout: 60_000 });
  await backup.getByText('backup issued').waitFor({ timeout: 60_000 });
  await backup.getByRole('button', { name: 'Fail over' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await backup.getByRole('button', { name: 'Fail over' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Fail over' }).click();
  await page.locator('h1 .badge', { hasText: /^inactive$/ }).waitFor({ timeout: 60_000 });
  await backup.getByText('active', { exact: true }).waitFor({ timeout: 60_000 });
  assert.deepEqual(troubles, []);
});
