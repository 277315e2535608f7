/** Whatever names and messages are made of is text on every view of the dashboard, in a real browser. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { assertFits, needsBrowser } from '../support/browser.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { hostileAnswers, NAMES, VIEWS_OF_NAMES } from '../support/hostile-answers.ts';

const LIMIT = { timeout: 120_000, ...needsBrowser() };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
before(async () => {
  if (LIMIT.skip === false) scene = await startDashboard(ends);
}, LIMIT);
after(() => ends.disposeAsync());

for (const [where, width] of [
  ['on a desk', 1_280],
  ['on a phone', 360],
] as const)
  it(
    `markup, directions of writing, 250 characters and emoji are shown as text ${where}`,
    LIMIT,
    async () => {
      const { page, troubles } = await signedIn(scene, scene.world.token, {
        viewport: { width, height: 800 },
      });
      await page.route(/\/client\/v4\//, (route) => {
        const answer = hostileAnswers(new URL(route.request().url()).pathname.replace('/client/v4', ''));
        return answer === undefined ? route.fallback() : route.fulfill({ json: answer });
      });
      const wrong: string[] = [];
      const look = (what: Promise<void>, at: string) =>
        what.catch((error: Error) => void wrong.push(`${at}: ${error.message}`));
      for (const [at, heading, shown] of VIEWS_OF_NAMES) {
        await show(page, at, heading);
        for (const name of NAMES.slice(0, shown))
          await look(page.getByText(name).first().waitFor({ state: 'attached', timeout: 5_000 }), at);
        await look(assertFits(page, at), at);
        assert.equal(await page.locator('main img, main script, main iframe, main b').count(), 0, at);
        assert.doesNotMatch(await page.title(), /^broken$/, at);
        assert.equal(await page.locator('a[href^="javascript:"]').count(), 0, at);
      }
      assert.deepEqual(wrong, []);
      assert.deepEqual(troubles, []);
    },
  );
