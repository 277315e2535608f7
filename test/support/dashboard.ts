/** The dashboard of a whole small world, and a browser for it. */
import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openPage, startBrowser, type WatchedPage } from './browser.ts';
import { type DevWorld, startDev } from './world.ts';

export interface DashboardScene {
  readonly world: DevWorld;
  readonly browser: Browser;
  /** Address of the page. */
  readonly base: string;
}

/** Starts both, the world with options of the service. */
export async function startDashboard(
  ends: AsyncDisposableStack,
  environment: Readonly<Record<string, string>> = {},
): Promise<DashboardScene> {
  const world = await startDev([], environment);
  ends.defer(() => world.stop());
  return { world, base: new URL('/dashboard/', world.api).href, browser: await startBrowser(ends) };
}

/** A page at which somebody has signed in by typing a token. */
export async function signedIn(
  { browser, base, world }: DashboardScene,
  token = world.token,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const watched = await openPage(browser, options);
  await watched.page.goto(base);
  await watched.page.getByLabel('API token').fill(token);
  await watched.page.keyboard.press('Enter');
  await watched.page.getByRole('button', { name: 'Sign out' }).waitFor();
  return watched;
}

/** Shows a view, and waits until it is there. */
export async function show(page: Page, at: string, heading: string | RegExp): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/dashboard/#/${at}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  // What is loading still is no view yet.
  await page
    .getByText(/^Loading/)
    .first()
    .waitFor({ state: 'detached' });
}

/** Most stops of the keyboard in one view. */
const MOST_STOPS = 120;

/** Goes on by the key Tab until what has that text, or that label, has the keyboard. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let i = 0; i < MOST_STOPS; i++) {
    await page.keyboard.press('Tab');
    const texts = await page.evaluate<string[]>(NAMES);
    if (texts.some((text) => (typeof name === 'string' ? text === name : name.test(text)))) return;
  }
  assert.fail(`${String(name)} cannot be reached by Tab`);
}

/** What the element that has the keyboard says, and what is said of it. */
const NAMES = `(() => {
  const one = document.activeElement;
  const labels = [...(one?.labels ?? [])].map((label) => label.textContent.trim());
  return [one?.textContent?.trim() ?? '', one?.getAttribute('aria-label') ?? '', ...labels];
})()`;
