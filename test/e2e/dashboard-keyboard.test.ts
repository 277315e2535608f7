/** Whole stories by keyboard alone, in a real browser, on a whole small world: no pointer is touched. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Page } from 'playwright-core';
import { needsBrowser } from '../support/browser.ts';
import { type DashboardScene, signedIn, startDashboard, tabTo } from '../support/dashboard.ts';
import { askApi, type Given, givenViews } from '../support/dashboard-views.ts';

const LIMIT = { timeout: 150_000, ...needsBrowser() };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
let given: Given;
before(async () => {
  if (LIMIT.skip !== false) return;
  scene = await startDashboard(ends);
  given = await givenViews(scene.world);
}, LIMIT);
after(() => ends.disposeAsync());

/** Goes to what has that name, and presses Enter there. */
async function enter(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}

const heading = (page: Page, name: string | RegExp) =>
  page.getByRole('heading', { level: 1, name }).waitFor();

it(
  'a pack that is stuck is found from the first page, with why; once its records are there it is served',
  LIMIT,
  async () => {
    const { page, troubles } = await signedIn(scene);
    await heading(page, 'Overview');
    await enter(page, /^1 Waiting for the customer$/);
    await page.getByText('1 pack on this page').waitFor();
    await enter(page, /^views\.test/);
    await heading(page, /views\.test/);
    await page.getByText('the customer’s move').waitFor();
    await page
      .getByText(/the name _acme-challenge\.views\.test does not exist/)
      .first()
      .waitFor();
    const [zoneId, packId] = given.waiting;
    interface Pack {
      readonly validation_records: readonly { readonly txt_name: string; readonly txt_value: string }[];
    }
    const path = `/zones/${zoneId}/ssl/certificate_packs/${packId}`;
    const { validation_records: records } = await askApi<Pack>(scene.world, 'GET', path);
    const values = records.map((one) => one.txt_value);
    await scene.world.tell('PUT', '/dns/records', { name: records[0]?.txt_name, type: 'TXT', values });
    await enter(page, 'Look now');
    await page.locator('h1 .badge', { hasText: /^active$/ }).waitFor({ timeout: 60_000 });
    await page.getByRole('region', { name: 'Edges' }).getByText('its certificate').first().waitFor();
    assert.deepEqual(troubles, []);
  },
);

it('a zone is made, a pack is ordered with a backup and served, and both change places', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  await enter(page, 'Zones');
  await heading(page, 'Zones');
  await tabTo(page, 'Name');
  await page.keyboard.type('keys.test');
  await page.keyboard.press('Enter');
  await heading(page, /keys\.test/);
  await enter(page, 'Order a pack');
  await heading(page, 'Order a pack');
  await tabTo(page, 'With a backup from another CA');
  await page.keyboard.press('Space');
  await enter(page, 'Order');
  await page.locator('h1 .badge', { hasText: /^active$/ }).waitFor({ timeout: 60_000 });
  const backup = page.getByRole('region', { name: 'Backup' });
  await backup.getByText('backup issued').waitFor({ timeout: 60_000 });
  await enter(page, 'Fail over');
  await page.getByRole('dialog').getByRole('button', { name: 'Fail over' }).waitFor();
  assert.equal(await page.evaluate('document.activeElement?.closest("dialog") !== null'), true);
  await page.keyboard.press('Enter');
  await page.locator('h1 .badge', { hasText: /^inactive$/ }).waitFor({ timeout: 60_000 });
  assert.deepEqual(troubles, []);
});

it('a token is made, and its secret taken', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  await enter(page, 'Tokens');
  await heading(page, 'Tokens');
  await tabTo(page, 'Name');
  await page.keyboard.type('by keyboard');
  await enter(page, 'Make the token');
  await page.getByText('This is shown once').waitFor();
  await tabTo(page, 'Copy the token');
  await enter(page, 'I have it');
  await page.getByText('This is shown once').waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /by keyboard/ }).waitFor();
  assert.deepEqual(troubles, []);
});
