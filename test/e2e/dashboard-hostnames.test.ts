/** Custom hostnames in the dashboard, in a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Page } from 'playwright-core';
import { needsBrowser } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { askApi } from '../support/dashboard-views.ts';
import { make, pemOf } from '../support/pki.ts';

const LIMIT = { timeout: 150_000, ...needsBrowser() };
/** Of what workers have to do first. */
const DONE = { timeout: 60_000 };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
before(async () => {
  if (LIMIT.skip === false) scene = await startDashboard(ends);
}, LIMIT);
after(() => ends.disposeAsync());

/** A zone with a name to which others can be led. */
async function givenZone(name: string, origin = `to.${name}`): Promise<string> {
  const { client, account_id: id } = scene.world;
  const zone = (await client.zones.create({ account: { id }, name, type: 'full' })).id;
  const record = { type: 'A', name: 'to', content: '192.0.2.9', ttl: 1, proxied: true } as const;
  await client.dns.records.create({ zone_id: zone, ...record });
  if (origin !== '')
    await askApi(scene.world, 'PUT', `/zones/${zone}/custom_hostnames/fallback_origin`, { origin });
  return zone;
}

const hostnameIn = (zone: string, hostname: string, more: object = {}) =>
  askApi<{ id: string }>(scene.world, 'POST', `/zones/${zone}/custom_hostnames`, { hostname, ...more });
const DV = { ssl: { method: 'txt', type: 'dv' } };

const rowOf = (page: Page, name: RegExp) => page.getByRole('row', { name });
const form = (page: Page) => page.getByRole('region', { name: 'Make a custom hostname' });

/** Shows a record in the world's DNS. */
const put = (name: string, type: string, ...values: string[]) =>
  scene.world.tell('PUT', '/dns/records', { name, type, values });

/** What stands to be copied beside a name. */
const valueOf = async (page: Page, section: string, name: string): Promise<string> => {
  const region = page.getByRole('region', { name: section });
  const text = await region.locator('dl > div', { hasText: name }).first().locator('code').textContent();
  return text ?? '';
};

it(
  'one is made by a form that says what each way needs, shown, seen active, and deleted',
  LIMIT,
  async () => {
    const { page, troubles } = await signedIn(scene);
    const zone = await givenZone('made.test');
    await show(page, `zones/${zone}`, /made\.test/);
    await page.getByRole('link', { name: 'Custom hostnames' }).click();
    await page.getByText('There are no custom hostnames yet.').waitFor();
    const way = form(page).getByLabel('Certificate', { exact: true });
    await way.selectOption('http');
    await form(page).getByText('nothing before the move, and no wildcard').waitFor();
    assert.equal(
      await form(page)
        .getByLabel(/wildcard/)
        .count(),
      0,
    );
    await way.selectOption('txt');
    await form(page).getByText('a TXT record at _acme-challenge').waitFor();
    await form(page).getByLabel('Hostname').fill('*.shop.customer-made.test');
    await form(page).getByRole('button', { name: 'Make it' }).click();
    await form(page).locator('.field.wrong', { hasText: 'wildcard' }).waitFor();
    troubles.length = 0; // A refusal is an error of the console.
    await form(page).getByLabel('Hostname').fill('shop.customer-made.test');
    await form(page)
      .getByLabel(/wildcard/)
      .check();
    await form(page).getByRole('button', { name: 'Make it' }).click();
    await page.getByRole('heading', { level: 1, name: /shop\.customer-made\.test pending/ }).waitFor();
    await page.getByText('Control of it has to be shown.').waitFor();
    const control = 'Control of the name';
    await put(await valueOf(page, control, 'TXT name'), 'TXT', await valueOf(page, control, 'TXT value'));
    const delegation = 'Once and for all: delegation';
    await put(await valueOf(page, delegation, 'CNAME'), 'CNAME', await valueOf(page, delegation, 'leads to'));
    await scene.world.tell('POST', '/clock', { advance_s: 61 });
    await page.getByRole('button', { name: 'Look now' }).click();
    await page.getByRole('heading', { level: 1, name: /shop\.customer-made\.test active/ }).waitFor(DONE);
    await page.getByRole('region', { name: 'Its certificates' }).getByText('ECDSA').first().waitFor(DONE);
    await page.getByText('What shows control of the name').waitFor();
    await page.getByRole('link', { name: 'The pack' }).click();
    await page.getByRole('heading', { level: 1, name: /shop\.customer-made\.test and 1 more/ }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There are no custom hostnames yet.').waitFor(DONE);
    assert.deepEqual(troubles, []);
  },
);

it('a customer’s own certificate is pasted with its key, which is shown nowhere again', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  const zone = await givenZone('own.test');
  await show(page, `zones/${zone}/hostnames`, 'Custom hostnames');
  const made = await make(new Date(), { hosts: ['shop.customer-own.test'] });
  await form(page).getByLabel('Hostname').fill('shop.customer-own.test');
  await form(page).getByLabel('Certificate', { exact: true }).selectOption('upload');
  await form(page)
    .getByLabel('Certificate in PEM')
    .fill(made.pem + pemOf(made));
  await form(page).getByRole('button', { name: 'Make it' }).click();
  await form(page).locator('.field.wrong', { hasText: 'self-signed' }).waitFor();
  assert.equal((await page.content()).includes('PRIVATE KEY-----'), false);
  troubles.length = 0;
  await form(page).getByLabel('Certificate', { exact: true }).selectOption('none');
  await form(page).getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('heading', { level: 1, name: /shop\.customer-own\.test/ }).waitFor();
  assert.equal(await page.getByRole('region', { name: 'Its certificates' }).count(), 0);
  assert.deepEqual(troubles, []);
});

it('the list is searched, filtered, turned around, and has pages', LIMIT, async () => {
  const zone = await givenZone('list.test');
  for (let i = 0; i < 52; i++)
    await hostnameIn(zone, `${i % 2 ? 'a' : 'b'}${i}.many.test`, i === 0 ? DV : {});
  const { page, troubles } = await signedIn(scene);
  await show(page, `zones/${zone}/hostnames`, 'Custom hostnames');
  await rowOf(page, /b0\.many\.test/).waitFor();
  await page.getByText('Page 1 of 2, 52 hostnames').waitFor();
  await page.getByRole('link', { name: 'Next' }).click();
  await rowOf(page, /a51\.many\.test/).waitFor();
  await page.getByLabel('Hostname has').fill('A1.many');
  await page.keyboard.press('Enter');
  await page.getByText('1 hostname', { exact: true }).waitFor();
  await rowOf(page, /a1\.many\.test/).waitFor();
  await page.getByLabel('Hostname has').fill('');
  await page.keyboard.press('Enter');
  await page.getByRole('search').getByLabel('Order').selectOption('desc');
  await rowOf(page, /a51\.many\.test/).waitFor();
  await page.getByRole('search').getByLabel('Certificate').selectOption('pending_validation');
  await page.getByText('1 hostname', { exact: true }).waitFor(DONE);
  await page.getByRole('search').getByLabel('Hostname', { exact: true }).selectOption('moved');
  await page.getByText('No hostname fits.').waitFor();
  assert.deepEqual(troubles, []);
});

it('the fallback origin is refused in words, set, changed and taken away', LIMIT, async () => {
  const zone = await givenZone('origin.test', '');
  const { page, troubles } = await signedIn(scene);
  const one = await hostnameIn(zone, 'shop.customer-origin.test');
  await show(page, `zones/${zone}/hostnames`, 'Custom hostnames');
  const section = page.getByRole('region', { name: 'Fallback origin' });
  await section.getByText('None: names have nothing in this zone').waitFor();
  await section.getByLabel('Another fallback origin').fill('*.origin.test');
  await section.getByRole('button', { name: 'Set it' }).click();
  await section.locator('.field.wrong', { hasText: 'wildcard' }).waitFor();
  await section.getByLabel('Another fallback origin').fill('other.origin.test');
  await section.getByRole('button', { name: 'Set it' }).click();
  await section.getByText(/^(initializing|pending deployment)$/).waitFor();
  await section.locator('.cause').waitFor();
  await section.getByLabel('Another fallback origin').fill('to.origin.test');
  await section.getByRole('button', { name: 'Set it' }).click();
  await section.getByText('active', { exact: true }).waitFor();
  await show(page, `zones/${zone}/hostnames/${one.id}`, /shop\.customer-origin\.test/);
  await page.getByRole('button', { name: 'Copy leads to to.origin.test' }).waitFor();
  await show(page, `zones/${zone}/hostnames`, 'Custom hostnames');
  await section.getByRole('button', { name: 'Take it away' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take it away' }).click();
  await section.getByText('None: names have nothing in this zone').waitFor();
  // Refusals are errors of the console.
  assert.ok(
    troubles.every((one_) => /status of 400/.test(one_)),
    troubles.join('\n'),
  );
});

it('by one click: links are shown, or in words why there are none', LIMIT, async () => {
  const zone = await givenZone('click.test');
  const { id } = await hostnameIn(zone, 'shop.customer-click.test', DV);
  const { page, troubles } = await signedIn(scene);
  await show(page, `zones/${zone}/hostnames/${id}`, /shop\.customer-click\.test/);
  const section = page.getByRole('region', { name: 'By one click' });
  await section.getByRole('button', { name: 'Ask the DNS provider' }).click();
  await section.getByText('this service makes no such links').waitFor();
  await page.route(/domain_connect/, (route) =>
    route.fulfill({
      json: {
        success: true,
        errors: [],
        messages: [],
        result: {
          links: [
            {
              kind: 'prepare',
              name: 'shop.customer-click.test',
              provider: 'Some DNS',
              url: 'https://dns.example/apply?sig=x',
              records: [{ type: 'TXT', name: '_cf-custom-hostname.shop.customer-click.test', value: 'v' }],
            },
          ],
          without: [],
        },
      },
    }),
  );
  await section.getByRole('button', { name: 'Ask the DNS provider' }).click();
  const link = section.getByRole('link', { name: /Prepare shop\.customer-click\.test at Some DNS/ });
  assert.deepEqual(await Promise.all(['href', 'target', 'rel'].map((name) => link.getAttribute(name))), [
    'https://dns.example/apply?sig=x',
    '_blank',
    'noopener noreferrer',
  ]);
  assert.deepEqual(troubles, []);
});

it(
  'who may only read sees no form, who may not sees why, and an error can be tried again',
  LIMIT,
  async () => {
    const zone = await givenZone('rights.test');
    const { id } = await hostnameIn(zone, 'shop.customer-rights.test', DV);
    const groups = await askApi<{ id: string; name: string }[]>(
      scene.world,
      'GET',
      '/user/tokens/permission_groups',
    );
    const tokenOf = async (...names: string[]) => {
      const permission_groups = groups
        .filter(({ name }) => names.includes(name))
        .map((one) => ({ id: one.id }));
      const resources = { [`com.cloudflare.api.account.zone.${zone}`]: '*' };
      const body = { name: names.join(), policies: [{ effect: 'allow', permission_groups, resources }] };
      return (await askApi<{ value: string }>(scene.world, 'POST', '/user/tokens', body)).value;
    };
    const { page } = await signedIn(scene, await tokenOf('Zone Read', 'SSL and Certificates Read'));
    await show(page, `zones/${zone}/hostnames`, 'Custom hostnames');
    await rowOf(page, /shop\.customer-rights\.test/).waitFor();
    assert.equal(await page.getByRole('button', { name: /Make it|Set it/ }).count(), 0);
    let asked = 0;
    await page.route(/custom_hostnames\?/, (route) =>
      asked++ === 0
        ? route.fulfill({
            status: 500,
            json: { success: false, errors: [{ code: 1, message: 'it broke' }], messages: [], result: null },
          })
        : route.continue(),
    );
    await page.reload();
    await page.getByText('it broke').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await rowOf(page, /shop\.customer-rights\.test/).waitFor();
    await show(page, `zones/${zone}/hostnames/${id}`, /shop\.customer-rights\.test/);
    assert.equal(await page.getByRole('button', { name: /Delete|Change|Look now|Ask the DNS/ }).count(), 0);

    const other = await signedIn(scene, await tokenOf('Zone Read'));
    for (const [at, heading] of [
      ['', 'Custom hostnames'],
      [`/${id}`, 'Custom hostname'],
    ] as const) {
      await show(other.page, `zones/${zone}/hostnames${at}`, heading);
      await other.page.getByText('Your token has no “SSL and Certificates Read”').waitFor();
    }
  },
);
