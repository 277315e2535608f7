/** Custom certificates in the dashboard, in a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Page } from 'playwright-core';
import { needsBrowser } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard, tabTo } from '../support/dashboard.ts';
import { askApi } from '../support/dashboard-views.ts';
import { make, pemOf } from '../support/pki.ts';

const LIMIT = { timeout: 150_000, ...needsBrowser() };
/** Of what edges have to show. */
const SHOWN = { timeout: 60_000 };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
before(async () => {
  if (LIMIT.skip === false) scene = await startDashboard(ends);
}, LIMIT);
after(() => ends.disposeAsync());

async function givenZone(name: string): Promise<string> {
  const { client, account_id: id } = scene.world;
  return (await client.zones.create({ account: { id }, name, type: 'full' })).id;
}

/** A self-signed certificate with its key. */
async function issued(host: string) {
  const made = await make(new Date(), { hosts: [host] });
  return { certificate: made.pem, key: pemOf(made) };
}

interface Shown {
  readonly id: string;
  readonly hosts: readonly string[];
  readonly type: string;
  readonly deploy: string;
  readonly priority: number;
  readonly policy_restrictions?: string;
}
const stored = (zone: string) => askApi<Shown[]>(scene.world, 'GET', `/zones/${zone}/custom_certificates`);

const rowOf = (page: Page, name: RegExp) => page.getByRole('row', { name });
const upload = (page: Page) => page.getByRole('region', { name: 'Upload a certificate' });

it(
  'a certificate is pasted with its key, refused in words, uploaded, and its key is shown nowhere again',
  LIMIT,
  async () => {
    const { page, troubles } = await signedIn(scene);
    const zone = await givenZone('paste.test');
    await show(page, `zones/${zone}`, /paste\.test/);
    await page.getByRole('link', { name: 'Custom certificates' }).click();
    await page.getByText('There are no custom certificates yet.').waitFor();
    const { certificate, key } = await issued('www.paste.test');
    const form = upload(page);
    await form.getByLabel('Certificate', { exact: true }).fill(certificate + key);
    assert.equal(await form.getByLabel('Certificate', { exact: true }).inputValue(), certificate.trim());
    const covered = form.getByLabel('Private key');
    assert.equal(await covered.inputValue(), key.trim());
    const style = "getComputedStyle(document.querySelector('[name=private_key]')).webkitTextSecurity";
    assert.equal(await page.evaluate(style), 'disc', 'it is not to be read off the screen');
    await form.getByRole('button', { name: 'Upload it' }).click();
    await form.locator('.field.wrong', { hasText: 'self-signed' }).waitFor();
    troubles.length = 0; // A refusal is an error of the console.
    await form.getByLabel('Chain').selectOption('force');
    await form.getByRole('button', { name: 'Upload it' }).click();
    await rowOf(page, /www\.paste\.test active production legacy custom/).waitFor(SHOWN);
    assert.equal(await covered.inputValue(), '');
    assert.equal((await page.content()).includes('PRIVATE KEY-----'), false);
    assert.deepEqual(
      (await stored(zone)).map(({ hosts }) => hosts),
      [['www.paste.test']],
    );
    assert.deepEqual(troubles, []);
  },
);

it('files are dropped or chosen, and what is no PEM is refused with what to do', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  const zone = await givenZone('drop.test');
  await show(page, `zones/${zone}/certificates`, 'Custom certificates');
  const { certificate, key } = await issued('drop.test');
  const form = upload(page);
  await form
    .getByLabel('Or files of either')
    .setInputFiles([
      { name: 'shop.p12', mimeType: 'application/x-pkcs12', buffer: Buffer.from([0x30, 0x82, 1, 2]) },
    ]);
  await form.getByText(/shop\.p12 is no PEM: openssl pkcs12/).waitFor();
  const dropped = await page.evaluateHandle(`(() => {
    const data = new DataTransfer();
    data.items.add(new File([${JSON.stringify(certificate)}], 'cert.pem'));
    data.items.add(new File([${JSON.stringify(key)}], 'key.pem'));
    return data;
  })()`);
  await form.getByLabel('Certificate', { exact: true }).dispatchEvent('drop', { dataTransfer: dropped });
  await page.getByText('The files are read; the private key is not shown.').waitFor();
  assert.equal(await form.getByLabel('Certificate', { exact: true }).inputValue(), certificate.trim());
  await form.getByLabel('Type').selectOption('sni_custom');
  await form.getByLabel('Chain').selectOption('force');
  await form.getByLabel('Served by').selectOption('staging');
  await form.getByLabel('Its key may be').selectOption('policy');
  await form.getByLabel('Policy').fill('(country: US)');
  await form.getByRole('button', { name: 'Upload it' }).click();
  await rowOf(page, /drop\.test active staging sni custom/).waitFor(SHOWN);
  assert.equal((await stored(zone))[0]?.policy_restrictions, '(country: US)');
  assert.deepEqual(troubles, []);
});

it('one is promoted, put first by keyboard, replaced, taken back to staging and deleted', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  const zone = await givenZone('life.test');
  const path = `/zones/${zone}/custom_certificates`;
  for (const deploy of ['staging', 'production']) {
    const { certificate, key } = await issued(`${deploy}.life.test`);
    const sent = { certificate, private_key: key, bundle_method: 'force', deploy, type: 'sni_custom' };
    await askApi(scene.world, 'POST', path, sent);
  }
  await show(page, `zones/${zone}/certificates`, 'Custom certificates');
  const dialog = page.getByRole('dialog');
  const row = rowOf(page, /staging\.life\.test/);
  await rowOf(page, /staging\.life\.test active staging/).waitFor(SHOWN);
  await row.getByRole('button', { name: 'Promote' }).click();
  await dialog.getByRole('button', { name: 'Promote' }).click();
  await rowOf(page, /staging\.life\.test active production/).waitFor(SHOWN);

  await row.getByRole('button', { name: 'Replace' }).focus();
  await tabTo(page, 'Priority');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Before all others shown');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Set it');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
  const found = (await stored(zone)).map(({ hosts, priority }) => `${hosts[0]} ${priority}`);
  assert.deepEqual(found.toSorted(), ['production.life.test 0', 'staging.life.test 1']);
  await rowOf(page, /sni custom 1 /).waitFor();

  const next = await issued('other.life.test');
  await row.getByRole('button', { name: 'Replace' }).click();
  await dialog.getByLabel('Certificate', { exact: true }).fill(next.certificate + next.key);
  await dialog.getByRole('button', { name: 'Replace it' }).click();
  const other = rowOf(page, /other\.life\.test active production/);
  await other.waitFor(SHOWN);
  await other.getByRole('button', { name: 'To staging' }).click();
  await dialog.getByRole('button', { name: 'To staging' }).click();
  await rowOf(page, /other\.life\.test active staging/).waitFor(SHOWN);
  await rowOf(page, /other\.life\.test/)
    .getByRole('button', { name: 'Delete' })
    .click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await rowOf(page, /other\.life\.test/).waitFor({ state: 'detached', ...SHOWN });
  await page.getByLabel('Status').selectOption('expired');
  await page.getByText('No certificate fits.').waitFor();
  assert.deepEqual(troubles, []);
});

it(
  'who may only read sees the list and no form, who may not sees why, and an error can be tried again',
  LIMIT,
  async () => {
    const zone = await givenZone('rights.test');
    const { certificate, key } = await issued('rights.test');
    const sent = { certificate, private_key: key, bundle_method: 'force' };
    await askApi(scene.world, 'POST', `/zones/${zone}/custom_certificates`, sent);
    const tokenOf = async (...names: string[]) => {
      const groups = await askApi<{ id: string; name: string }[]>(
        scene.world,
        'GET',
        '/user/tokens/permission_groups',
      );
      const permission_groups = groups.filter(({ name }) => names.includes(name)).map(({ id }) => ({ id }));
      const resources = { [`com.cloudflare.api.account.zone.${zone}`]: '*' };
      const policies = [{ effect: 'allow', permission_groups, resources }];
      const body = { name: names.join(), policies };
      return (await askApi<{ value: string }>(scene.world, 'POST', '/user/tokens', body)).value;
    };
    const reader = await signedIn(scene, await tokenOf('Zone Read', 'SSL and Certificates Read'));
    await show(reader.page, `zones/${zone}/certificates`, 'Custom certificates');
    await rowOf(reader.page, /rights\.test/).waitFor();
    assert.equal(await upload(reader.page).count(), 0);
    assert.equal(await reader.page.getByRole('button', { name: 'Delete' }).count(), 0);
    assert.deepEqual(reader.troubles, []);

    let asked = 0;
    await reader.page.route(/custom_certificates/, (route) =>
      asked++ === 0
        ? route.fulfill({
            status: 500,
            json: { success: false, errors: [{ code: 1, message: 'it broke' }], messages: [], result: null },
          })
        : route.continue(),
    );
    await reader.page.reload();
    await reader.page.getByText('it broke').waitFor();
    await reader.page.getByRole('button', { name: 'Try again' }).click();
    await rowOf(reader.page, /rights\.test/).waitFor();

    const { page } = await signedIn(scene, await tokenOf('Zone Read'));
    await show(page, `zones/${zone}/certificates`, 'Custom certificates');
    await page.getByText('Your token has no “SSL and Certificates Read”').waitFor();
  },
);

it('a request for a certificate is refused in words, made, copied and deleted', LIMIT, async () => {
  const zone = await givenZone('csr.test');
  const { page, troubles } = await signedIn(scene);
  await show(page, `zones/${zone}/certificates`, 'Custom certificates');
  await page.getByRole('link', { name: 'Requests for certificates' }).click();
  await page.getByText('There are no requests yet.').waitFor();
  const request = page.getByRole('region', { name: 'Make a request' });
  for (const [label, text] of [
    ['Common name', 'www.csr.test'],
    ['Organization', 'Shop'],
    ['State', 'Berlin'],
    ['Locality', 'Berlin'],
    ['Hosts', 'www.csr.test csr.test'],
  ] as const)
    await request.getByLabel(label, { exact: true }).fill(text);
  await request.getByRole('button', { name: 'Make it' }).click();
  await request.locator('.field.wrong', { hasText: 'Country' }).waitFor();
  troubles.length = 0; // A refusal is an error of the console.
  await request.getByLabel(/^Country/).fill('de');
  await request.getByLabel('Key').selectOption('p256v1');
  await request.getByRole('button', { name: 'Make it' }).click();
  const row = rowOf(page, /www\.csr\.test, 2 hosts/);
  await row.getByText('p256v1').waitFor();
  await row.getByRole('button', { name: 'Copy the request' }).waitFor();
  await row.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('There are no requests yet.').waitFor();
  assert.deepEqual(troubles, []);
});
