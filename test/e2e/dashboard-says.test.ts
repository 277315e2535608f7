/** What the dashboard says: what waits, what is not allowed, what cannot be reached; in a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { SITUATION_NAMES, SITUATIONS } from '../../src/pack/found.ts';
import { needsBrowser } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { type Given, givenViews } from '../support/dashboard-views.ts';

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

it('what a token does not allow is said, and what cannot be reached', LIMIT, async () => {
  const zone = await scene.world.client.zones.create({
    account: { id: scene.world.account_id },
    name: 'limited.test',
    type: 'full',
  });
  const { token } = await scene.world.tell<{ token: string }>('POST', '/tokens', {
    zones: [zone.id],
    access: 'read',
  });
  const { page, troubles } = await signedIn(scene, token);
  await show(page, 'packs', 'Packs');
  await page.getByRole('link', { name: 'limited.test' }).click();
  await page.getByText('There are no packs yet.').or(page.getByText('No pack fits these filters.')).waitFor();
  await show(page, 'tokens', 'Tokens');
  await page.getByText('Your token has no “API Tokens Read”.').waitFor();
  await show(page, `zones/${zone.id}`, 'limited.test');
  assert.equal(await page.getByRole('link', { name: 'Order a pack' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Delete zone' }).count(), 0);
  assert.deepEqual(troubles, []);
  await show(page, `zones/${'0'.repeat(32)}`, 'Zone');
  await page.getByText('Not allowed').waitFor();
  await page.context().setOffline(true);
  await page.evaluate(`location.hash = '#/zones'`);
  await page.getByText('The service cannot be reached.').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('link', { name: 'limited.test' }).waitFor();
});

it('each tile of the overview leads to just the packs that it counts', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  await show(page, '', 'Overview');
  const tiles = page.locator('.tile');
  const texts = await tiles.allTextContents();
  assert.equal(texts.length, 7);
  for (const [i, text] of texts.entries()) {
    await show(page, '', 'Overview');
    const count = Number.parseInt(text, 10);
    await tiles.nth(i).click();
    await page.waitForURL(/group=/);
    const rows = page.getByRole('region', { name: 'Certificate packs' }).locator('tbody tr');
    if (count === 0) await page.getByText('No pack fits these filters.').waitFor();
    else await page.getByText(`${count} pack`, { exact: false }).last().waitFor();
    assert.equal(await rows.count(), count, text);
  }
  assert.deepEqual(texts.map((text) => Number.parseInt(text, 10)).slice(0, 2), [1, 1]);
  await show(page, '', 'Overview');
  assert.equal(await page.getByRole('link', { name: /^Week of/ }).count(), 14);
  const authorities = page.getByRole('region', { name: 'CAs' });
  assert.equal(await authorities.locator('tbody tr').count(), 3);
  const events = page.getByRole('region', { name: 'Latest events' });
  await events.getByRole('row', { name: /views-full\.test.*served by every edge/ }).waitFor();
  await events.getByText(/\d+ steps done/).waitFor();
  assert.deepEqual(troubles, []);
});

it('what a pack waits for is said: whose move it is, until when, and what to publish', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  const [zoneId, packId] = given.waiting;
  await show(page, `zones/${zoneId}/packs/${packId}`, /views\.test/);
  await page.getByText('the customer’s move').waitFor();
  await page.locator('code').getByText('_acme-challenge.views.test', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: /^Copy all/ }).waitFor();
  assert.deepEqual(troubles, []);
});

it(
  'a pack that is served shows its chains, what each edge showed, and when it is renewed',
  LIMIT,
  async () => {
    const { page, troubles } = await signedIn(scene);
    const [zoneId, packId] = given.served;
    await show(page, `zones/${zoneId}/packs/${packId}`, /views-full\.test/);
    const edges = page.getByRole('region', { name: 'Edges' });
    await edges.getByRole('row', { name: /production-1 its certificate its certificate/ }).waitFor();
    await page.getByText('planned for').waitFor();
    await page.getByText('Chains', { exact: true }).click();
    const pem = page.getByRole('button', { name: 'Copy as PEM' });
    await pem.first().waitFor();
    assert.equal(await pem.count(), 2, 'one for each algorithm');
    assert((await page.locator('.chain li').count()) >= 4, 'leaf and issuer of each');
    assert.deepEqual(troubles, []);
  },
);

it('a form says at once what its CA does not allow, and orders nothing of it', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  const offers = {
    validity_days: [90],
    validation_methods: ['txt', 'http'],
    wildcards: false,
    internationalized: false,
  };
  await page.route(/\/certificate_authorities$/, async (route) => {
    const answer = await route.fetch();
    const body: { result: { certificate_authority: string }[] } = JSON.parse(await answer.text());
    const result = body.result.map((ca) => (ca.certificate_authority === 'ssl_com' ? { ...ca, offers } : ca));
    await route.fulfill({ json: { ...body, result } });
  });
  const [zoneId] = given.served;
  await show(page, `zones/${zoneId}/order`, 'Order a pack');
  await page.getByRole('option', { name: 'SSL.com – no wildcards' }).waitFor({ state: 'attached' });
  await page.getByLabel('CA', { exact: true }).selectOption('ssl_com');
  await page.getByLabel('Validity').selectOption('365');
  await page.getByLabel('Validation').selectOption('email');
  await page.getByText('SSL.com issues no wildcards, as *.views-full.test is one.').waitFor();
  await page.getByText('SSL.com offers 90 days today, not 365.').waitFor();
  await page.getByText('SSL.com does not validate by e-mail.').waitFor();
  assert.equal(await page.getByLabel('Hosts').getAttribute('aria-invalid'), 'true');
  await page.getByRole('button', { name: 'Order', exact: true }).click({ force: true });
  await page.getByLabel('Hosts').fill('www.views-full.test');
  await page.getByText(/SSL\.com issues no/).waitFor({ state: 'detached' });
  assert.match(page.url(), /order$/, 'nothing was ordered');
  assert.deepEqual(troubles, []);
});

it(
  'each situation of a public name is told with its cause, whose move it is and what to do',
  LIMIT,
  async () => {
    const { page, troubles } = await signedIn(scene);
    const [zone, id] = given.served;
    const situations = SITUATION_NAMES.map((situation) => ({
      situation,
      whose_move: SITUATIONS[situation] ?? null,
      what: `cause of ${situation}`,
      next_step: `mend ${situation}`,
    }));
    const told = { served_at_edges: true, leads_to: 'elsewhere', says: 'x', addresses: [], situations };
    const hosts = [{ host: 'views-full.test', ...told }];
    await page.route(/public_view$/, (route) =>
      route.fulfill({
        json: {
          success: true,
          errors: [],
          messages: [],
          result: { hosts, total: 1, seen_on: new Date().toISOString() },
        },
      }),
    );
    await show(page, `zones/${zone}/packs/${id}`, /views-full\.test/);
    await page.getByRole('button', { name: 'Look where they lead' }).click();
    const items = page
      .getByRole('region', { name: 'Public names' })
      .first()
      .getByRole('row')
      .getByRole('listitem');
    await items.first().waitFor();
    assert.equal(SITUATION_NAMES.length, 12);
    const texts = await items.allTextContents();
    for (const name of SITUATION_NAMES) {
      const whose = SITUATIONS[name] === undefined ? 'nobody’s move' : `the ${SITUATIONS[name]}’s move`;
      const wanted = `${name.replaceAll('_', ' ')}, ${whose}cause of ${name}. Next: mend ${name}.`;
      assert(texts.includes(wanted), `${wanted} is not in ${texts.join('\n')}`);
    }
    assert.deepEqual(troubles, []);
  },
);
