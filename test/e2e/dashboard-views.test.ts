/** How every view of the dashboard looks and sounds, whatever it is told, in a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { assertAccessible, assertFits, needsBrowser, openPage } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { givenCustomers, givenElsewhere, givenViews, type View } from '../support/dashboard-views.ts';
import { takePicture } from '../support/pictures.ts';

const LIMIT = { timeout: 120_000, ...needsBrowser() };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
let views: readonly View[];
before(async () => {
  if (LIMIT.skip !== false) return;
  scene = await startDashboard(ends, { CERTPACKS_AGENT_LISTEN: '127.0.0.1:0' });
  const given = await givenViews(scene.world);
  const more = [await givenCustomers(scene.world, given), await givenElsewhere(scene.world, given)];
  views = [...given.views, ...more.flat()];
}, LIMIT);
after(() => ends.disposeAsync());

const LOOKS = [
  ['in light', 'light', 1_280],
  ['in dark', 'dark', 1_280],
  ['on a phone', 'light', 360],
  ['at twice the size', 'dark', 640],
] as const;
for (const [where, colorScheme, width] of LOOKS) {
  it(`every view fits, breaks no policy and has nothing that axe finds serious ${where}`, LIMIT, async () => {
    const options = { colorScheme, viewport: { width, height: 800 } };
    const { page, troubles } = await signedIn(scene, scene.world.token, options);
    const wrong: string[] = [];
    const look = async (what: Promise<void>) => what.catch((error: Error) => void wrong.push(error.message));
    for (const [at, heading, text] of views) {
      await show(page, at, heading);
      if (text !== undefined) await page.getByText(text).first().waitFor();
      await takePicture(page, `${at} ${where}`);
      await look(assertFits(page, at));
      await look(assertAccessible(page, at));
      wrong.push(...troubles.splice(0).map((trouble) => `${at}: ${trouble}`));
    }
    assert.deepEqual(wrong, []);
    await page.context().close();
  });
}

it('so does the page at which one signs in', LIMIT, async () => {
  const { page, troubles } = await openPage(scene.browser, { viewport: { width: 360, height: 800 } });
  await page.goto(scene.base);
  await page.getByLabel('API token').waitFor();
  await assertFits(page, 'sign-in');
  await assertAccessible(page, 'sign-in');
  assert.deepEqual(troubles, []);
});
