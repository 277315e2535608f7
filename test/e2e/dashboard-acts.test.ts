/** What is done to many packs, to tokens and to DNS records in the dashboard, in a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, it } from 'node:test';
import type { Page } from 'playwright-core';
import { needsBrowser } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { askApi, type Given, givenViews, untilActive } from '../support/dashboard-views.ts';

const LIMIT = { timeout: 120_000, ...needsBrowser() };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
let given: Given;
before(async () => {
  if (LIMIT.skip !== false) return;
  scene = await startDashboard(ends);
  given = await givenViews(scene.world);
}, LIMIT);
after(() => ends.disposeAsync());

it(
  'many packs are revoked after a count and a typed phrase, and the job says how it went',
  LIMIT,
  async () => {
    const { world } = scene;
    const zone = await world.client.zones.create({
      account: { id: world.account_id },
      name: 'many.test',
      type: 'full',
    });
    const terms = {
      type: 'advanced',
      certificate_authority: 'lets_encrypt',
      validation_method: 'txt',
      validity_days: 90,
      zone_id: zone.id,
    } as const;
    for (const host of ['a.many.test', 'b.many.test', 'c.many.test']) {
      const { id } = await world.client.ssl.certificatePacks.create({ ...terms, hosts: [host] });
      await untilActive(world, zone.id, id);
    }
    const { page, troubles } = await signedIn(scene);
    await show(page, 'packs?host=many.test', 'Packs');
    await page.getByRole('link', { name: 'Act on these packs' }).click();
    await page.getByText('host many.test or below it').first().waitFor();
    await page.getByLabel('What is done to each').selectOption('revoke');
    await page.getByLabel('Reason, which the CA is told').selectOption('superseded');
    await page.getByRole('button', { name: 'Count them first' }).click();
    await page.getByText('3 packs fit.').waitFor();
    await page.getByRole('button', { name: 'Revoke 3 packs' }).click();
    const dialog = page.getByRole('dialog');
    const begin = dialog.getByRole('button', { name: 'Revoke 3 packs' });
    assert.equal(await begin.getAttribute('aria-disabled'), 'true', 'nothing was typed');
    await begin.click({ force: true });
    assert.match(page.url(), /bulk\?/, 'nothing has begun');
    await dialog.getByLabel('To go on, type: revoke 3').fill('revoke 3');
    await begin.click();
    await page.getByRole('heading', { level: 1, name: 'Revoke 3 packs' }).waitFor();
    await page.locator('h1 .badge', { hasText: /^finished$/ }).waitFor({ timeout: 30_000 });
    await page.getByText('3 of 3 packs').waitFor();
    await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
    await page.getByRole('row', { name: /Revoke host many\.test or below it finished 3 3 0/ }).waitFor();
    assert.deepEqual(troubles, []);
  },
);

it('packs that fit are written into a file, whatever the filter', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  await show(page, 'packs?host=views-full.test', 'Packs');
  await page.getByRole('button', { name: 'Export' }).click();
  const lines = (await saved(page, 'As CSV')).trimEnd().split('\r\n');
  assert.equal(lines.length, 3, 'the names of columns, and two packs');
  assert.match(lines[0] ?? '', /^id,zone_id,type,status,/);
  assert(lines.slice(1).every((line) => line.includes(',views-full.test *.views-full.test,')));
  const json = (await saved(page, 'As lines of JSON')).trimEnd().split('\n');
  assert.deepEqual(
    json.map((line): unknown => JSON.parse(line).hosts),
    [1, 2].map(() => ['views-full.test', '*.views-full.test']),
  );
  assert.deepEqual(troubles, []);
});

/** What a button has the browser keep. */
async function saved(page: Page, button: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ]);
  return readFile(await download.path(), 'utf8');
}

it('a token is made for one zone, rolled, and deleted; each secret is shown once', LIMIT, async () => {
  const { world } = scene;
  const { page, troubles } = await signedIn(scene);
  await show(page, 'tokens', 'Tokens');
  await page.getByLabel('Name', { exact: true }).fill('for the shop');
  await page.getByLabel('It may').selectOption('certificates');
  await page.getByLabel('For the zones').fill('nowhere.test');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByText('There is no zone nowhere.test.').waitFor();
  await page.getByLabel('For the zones').fill('views.test');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByText('This is shown once').waitFor();
  const first = await page.locator('.note code').innerText();
  const { result } = await world.clientOf(first).zones.list();
  assert.deepEqual(
    result.map(({ name }) => name),
    ['views.test'],
  );
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByText('This is shown once').waitFor({ state: 'detached' });
  const row = page.getByRole('row', { name: /for the shop/ });
  await row.getByRole('button', { name: 'Roll' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll' }).click();
  await page.getByText('This is shown once').waitFor();
  const second = await page.locator('.note code').innerText();
  assert.notEqual(second, first);
  await assert.rejects(world.clientOf(first).zones.list(), { status: 401 });
  await world.clientOf(second).zones.list();
  await row.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await row.waitFor({ state: 'detached' });
  await assert.rejects(world.clientOf(second).zones.list(), { status: 401 });
  assert.deepEqual(troubles, []);
});

it('a DNS record is changed and deleted, and a zone file goes out and in', LIMIT, async () => {
  const [zoneId] = given.served;
  const { page, troubles } = await signedIn(scene);
  await show(page, `zones/${zoneId}/dns`, 'DNS records');
  await page.getByRole('row', { name: /^www/ }).getByRole('button', { name: 'Change' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Content').fill('not an address');
  await dialog.getByRole('button', { name: 'Change the record' }).click();
  await dialog.locator('.field.wrong', { hasText: 'Content' }).waitFor();
  troubles.length = 0; // A refusal is an error of the console.
  await dialog.getByLabel('Content').fill('192.0.2.7');
  await dialog.getByRole('button', { name: 'Change the record' }).click();
  await page.getByRole('row', { name: /www.*192\.0\.2\.7/ }).waitFor();
  const file = await saved(page, 'Save the zone file');
  assert.match(file, /^www\S*\s+\d+\s+IN\s+A\s+192\.0\.2\.7/m);
  const buffer = Buffer.from('$TTL 300\nshop IN A 192.0.2.9\nmail IN A 192.0.2.10\n');
  await page
    .getByLabel('Read records from a zone file')
    .setInputFiles({ name: 'x.zone', mimeType: 'text/plain', buffer });
  await page.getByRole('button', { name: 'Read them in' }).click();
  await page.getByText('2 records made of 2 in the file.').waitFor();
  const shop = page.getByRole('row', { name: /^shop/ });
  await shop.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await shop.waitFor({ state: 'detached' });
  assert.deepEqual(troubles, []);
});

it('a pack is promoted from staging, and taken back, after a question', LIMIT, async () => {
  const { world } = scene;
  const account = { id: world.account_id };
  const zone = await world.client.zones.create({ account, name: 'staged.test', type: 'full' });
  const terms = { certificate_authority: 'lets_encrypt', validation_method: 'txt', validity_days: 90 };
  const path = `/zones/${zone.id}/ssl/certificate_packs`;
  const order = { type: 'advanced', hosts: ['staged.test'], ...terms, deploy: 'staging' };
  const { id } = await askApi<{ id: string }>(world, 'POST', `${path}/order`, order);
  const { page, troubles } = await signedIn(scene);
  await show(page, `zones/${zone.id}/packs/${id}`, /staged\.test/);
  const badge = (status: string) =>
    page.locator('h1 .badge', { hasText: new RegExp(`^${status}$`) }).waitFor({ timeout: 60_000 });
  const dialog = page.getByRole('dialog');
  await badge('staging active');
  await page.getByRole('button', { name: 'Promote' }).click();
  await dialog.getByText('It leaves the staging edges').waitFor();
  await dialog.getByRole('button', { name: 'Promote' }).click();
  await badge('active');
  await page.getByRole('button', { name: 'To staging' }).click();
  await dialog.getByText('what else covers its hosts is served there').waitFor();
  await dialog.getByRole('button', { name: 'To staging' }).click();
  await badge('staging active');
  assert.deepEqual(troubles, []);
});

it(
  'a look that is asked for says what every server answers, and ends once the records are there',
  LIMIT,
  async () => {
    const { world } = scene;
    const [zoneId, packId] = given.waiting;
    const { page, troubles } = await signedIn(scene);
    await show(page, `zones/${zoneId}/packs/${packId}`, /views\.test/);
    const records = page.getByRole('region', { name: 'Records that show control' });
    await records
      .getByText(/127\.0\.0\.4.*does not exist/)
      .first()
      .waitFor();
    const pack = await askApi<{ validation_records: { txt_name: string; txt_value: string }[] }>(
      world,
      'GET',
      `/zones/${zoneId}/ssl/certificate_packs/${packId}`,
    );
    const values = pack.validation_records.map((one) => one.txt_value);
    const name = pack.validation_records[0]?.txt_name;
    await world.tell('PUT', '/dns/records', { name, type: 'TXT', values: ['something else'] });
    await records.getByRole('button', { name: 'Look now' }).click();
    await records
      .getByText(/127\.0\.0\.5.*something else/)
      .first()
      .waitFor();
    await world.tell('PUT', '/dns/records', { name, type: 'TXT', values });
    await records.getByRole('button', { name: 'Look now' }).click();
    await page.locator('h1 .badge', { hasText: /^active$/ }).waitFor({ timeout: 60_000 });
    assert.deepEqual(troubles, []);
  },
);
