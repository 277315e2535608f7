/** The pictures of the dashboard that the documents show, taken of a small world with something of everything. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { needsBrowser } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { givenShops } from '../support/dashboard-shops.ts';
import { takePicture } from '../support/pictures.ts';

const LIMIT = { timeout: 150_000, ...needsBrowser() };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
let pack: string;
before(async () => {
  if (LIMIT.skip !== false) return;
  scene = await startDashboard(ends);
  pack = await givenShops(scene.world);
}, LIMIT);
after(() => ends.disposeAsync());

/** CERTPACKS_PICTURES=docs/pictures writes those of the documents anew. */
it('the first page and a pack are shown with real data, in a window of 1280 by 800', LIMIT, async () => {
  const options = { colorScheme: 'light', viewport: { width: 1_280, height: 800 } } as const;
  const { page, troubles } = await signedIn(scene, scene.world.token, options);
  await show(page, '', 'Overview');
  await page.getByText(/steps done/).waitFor();
  assert((await page.locator('.tile:not(.off)').count()) >= 3, 'something of several kinds');
  await takePicture(page, 'dashboard', { isWhole: false });
  await show(page, pack, /\.test/);
  await page.getByText('its certificate').first().waitFor();
  await takePicture(page, 'pack', { isWhole: false });
  assert.deepEqual(troubles, []);
});
