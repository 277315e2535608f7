/** In the dashboard, names that move in, changes of custom hostnames, the account's requests, and where keys may be: in a real browser. */
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

const rowOf = (page: Page, name: RegExp) => page.getByRole('row', { name });

async function givenZone(name: string, type: 'full' | 'partial' = 'full'): Promise<string> {
  const { client, account_id: id } = scene.world;
  return (await client.zones.create({ account: { id }, name, type })).id;
}

it(
  'what moves in is told with its turn and what stands in its way, and a move is cancelled',
  LIMIT,
  async () => {
    const zone = await givenZone('moves.test', 'partial');
    const made = await make(new Date(), { hosts: ['shop.moves.test'], days: 90 });
    const items = [
      { zone_id: zone, certificate: made.pem, private_key: pemOf(made), bundle_method: 'force' },
      { zone_id: zone, hosts: ['new.moves.test'] },
    ];
    const path = `/accounts/${scene.world.account_id}/move_ins`;
    const outcomes = await askApi<{ action: string }[]>(scene.world, 'POST', path, { items });
    assert.deepEqual(
      outcomes.map(({ action }) => action),
      ['import', 'order'],
    );
    const { page, troubles } = await signedIn(scene);
    await show(page, 'zones', 'Zones');
    await page.getByRole('link', { name: 'Moving in' }).click();
    const row = rowOf(page, /shop\.moves\.test planned/);
    await row.getByRole('link', { name: 'a certificate' }).waitFor();
    // Nobody published what shows control of the other.
    await rowOf(page, /new\.moves\.test ordered.*no certificate the pack/).waitFor(DONE);
    await row.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the move' }).click();
    await rowOf(page, /shop\.moves\.test cancelled.*ended.*cancelled by its owner/).waitFor();
    const all = page.getByRole('region', { name: 'All of the account' });
    await all.getByRole('link', { name: /cancelled 1/ }).click();
    await rowOf(page, /new\.moves\.test/).waitFor({ state: 'detached' });
    await rowOf(page, /shop\.moves\.test cancelled/).waitFor();
    await page.getByRole('main').getByLabel('Status').selectOption('done');
    await page.getByText('No move fits.').waitFor();
    assert.deepEqual(troubles, []);
  },
);

/** A custom hostname with something of everything; its path. */
async function givenHostname(zone: string): Promise<string> {
  const record = { type: 'A', name: 'to', content: '192.0.2.9', ttl: 1, proxied: true } as const;
  await scene.world.client.dns.records.create({ zone_id: zone, ...record });
  const settings = { http2: 'off', ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] };
  const path = `/zones/${zone}/custom_hostnames`;
  const { id } = await askApi<{ id: string }>(scene.world, 'POST', path, {
    hostname: 'shop.customer-change.test',
    ssl: { method: 'txt', type: 'dv', settings },
    custom_metadata: { plan: 'small' },
    custom_origin_server: 'to.change.test',
  });
  return `${path}/${id}`;
}

it('a custom hostname is changed by a form that sends what is changed alone', LIMIT, async () => {
  const zone = await givenZone('change.test');
  const path = await givenHostname(zone);
  const { page, troubles } = await signedIn(scene);
  await show(page, `zones/${zone}/hostnames/${path.split('/').at(-1)}`, /shop\.customer-change\.test/);
  const dialog = page.getByRole('dialog');
  const sent: string[] = [];
  page.on('request', (one) => one.method() === 'PATCH' && sent.push(one.postData() ?? ''));
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByLabel('Origin of its own').fill('elsewhere.test');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await dialog.locator('.field.wrong', { hasText: 'Origin' }).waitFor();
  troubles.length = 0; // A refusal is an error of the console.
  await dialog.getByLabel('Origin of its own').fill('');
  await dialog.getByLabel('Certificate', { exact: true }).selectOption('http');
  await dialog.getByLabel('Metadata').fill('plan=large\nsince = 2026');
  await dialog.getByText('TLS with clients').click();
  await dialog.getByLabel('Oldest TLS').selectOption('1.2');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await dialog.waitFor({ state: 'hidden' });
  assert.deepEqual(JSON.parse(sent.at(-1) ?? ''), {
    ssl: {
      method: 'http',
      type: 'dv',
      settings: { http2: 'off', min_tls_version: '1.2', ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] },
    },
    custom_origin_server: null,
    custom_metadata: { plan: 'large', since: '2026' },
  });
  const about = page.getByRole('region', { name: 'About' });
  await about.getByText('the fallback origin').waitFor();
  await about.getByText('large').waitFor();
  await about.getByText('min tls version 1.2').waitFor();
  const { ssl: changed } = await askApi<{ ssl: { method: string } }>(scene.world, 'GET', path);
  assert.equal(changed.method, 'http');
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(sent.at(-1), '{}');
  assert.deepEqual(troubles, []);
});

it('a request for a certificate is made for the account, and is none of a zone', LIMIT, async () => {
  const zone = await givenZone('csr-account.test');
  const { page, troubles } = await signedIn(scene);
  await show(page, 'zones', 'Zones');
  await page.getByRole('link', { name: 'Requests for certificates' }).click();
  await page.getByText('There are no requests yet.').waitFor();
  const form = page.getByRole('region', { name: 'Make a request' });
  for (const [label, text] of [
    ['Common name', 'www.csr-account.test'],
    ['Organization', 'Shop'],
    ['Country, by two letters', 'DE'],
    ['State', 'Berlin'],
    ['Locality', 'Berlin'],
    ['Hosts', 'www.csr-account.test'],
  ] as const)
    await form.getByLabel(label, { exact: true }).fill(text);
  await form.getByLabel('Key').selectOption('p256v1');
  await form.getByRole('button', { name: 'Make it' }).click();
  const row = rowOf(page, /www\.csr-account\.test/);
  await row.waitFor();
  await show(page, `zones/${zone}/csrs`, 'Requests for certificates');
  await page.getByText('There are no requests yet.').waitFor();
  await show(page, 'csrs', 'Requests for certificates');
  await row.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('There are no requests yet.').waitFor();
  assert.deepEqual(troubles, []);
});

it('a pack whose key has to stay somewhere says where, and which edges have it', LIMIT, async () => {
  const zone = await givenZone('place.test');
  const path = `/zones/${zone}/custom_certificates`;
  const packs: string[] = [];
  for (const [host, more] of [
    ['us', { geo_restrictions: { label: 'us' } }],
    ['any', {}],
  ] as const) {
    const made = await make(new Date(), { hosts: [`${host}.place.test`] });
    const sent = { certificate: made.pem, private_key: pemOf(made), bundle_method: 'force', ...more };
    const one = await askApi<{ certificate_pack_id: string }>(scene.world, 'POST', path, sent);
    packs.push(one.certificate_pack_id);
  }
  const { page, troubles } = await signedIn(scene);
  const place = page.getByRole('region', { name: 'Where its key may be' });
  await show(page, `zones/${zone}/packs/${packs[0]}`, /us\.place\.test active/);
  await place.getByText('In the United States alone.').waitFor();
  await place.getByText('production-1 US, WNAM').waitFor();
  await show(page, `zones/${zone}/packs/${packs[1]}`, /any\.place\.test/);
  await place.getByText('Anywhere').waitFor();
  assert.deepEqual(troubles, []);
});
