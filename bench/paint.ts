/** How long the dashboard takes from the last byte of a list's answer until it is painted, in a real browser. */
import type { Browser, Page } from 'playwright-core';
import { dashboardFiles } from '../src/api/dashboard/files.ts';
import { systemClock } from '../src/kit/clock.ts';
import { openPool, type Pool } from '../src/store/store.ts';
import { createToken, deleteTokensNamed } from '../src/store/tokens.ts';
import { openPage, startBrowser } from '../test/support/browser.ts';
import { largestAccount, listen } from './account.ts';

export interface PaintOptions {
  readonly pool: Pool;
  readonly databaseUrl: string;
  /** Loads of the whole page. */
  readonly loads: number;
}

export interface PaintResult {
  readonly browser: string;
  readonly rows: number;
  /** From the end of the answer to the paint, in milliseconds. */
  readonly paint: Spread;
  /** From the question to the paint. */
  readonly question_to_paint: Spread;
  /** From the load of the page to the paint. */
  readonly load_to_paint: Spread;
}

interface Spread {
  readonly median: number;
  readonly max: number;
}

const NAME = 'bench of paint';

/** Shows the packs of the account with the most zones. Only reads, but for a token that it makes and removes. */
export async function paintBench(
  { pool, databaseUrl, loads }: PaintOptions,
  say: (what: string) => void,
): Promise<PaintResult> {
  await using ends = new AsyncDisposableStack();
  const accountId = await largestAccount(pool);
  const token = await createToken(pool, { accountId, name: NAME, access: 'read' }, new Date());
  ends.defer(async () => void (await deleteTokensNamed(pool, accountId, NAME)));
  const wide = openPool({ connectionString: databaseUrl, max: 4 }, () => undefined);
  ends.defer(() => wide.end());
  const parts = { dashboard: dashboardFiles(), browserClock: systemClock() };
  const base = `${await listen(wide, ends, parts)}/dashboard/`;
  const browser = await startBrowser(ends);
  const page = await signedIn(browser, base, token);
  const all: Load[] = [];
  // The first one fills caches of the browser and the database.
  for (let i = 0; i <= loads; i++) {
    await page.goto(`${base}?${i}#/packs`);
    const load: Load = await page.evaluate(MEASURE);
    if (i > 0) all.push(load);
  }
  say(`${loads} loads, ms: ${all.map(({ paint }) => Math.round(paint)).join(' ')}`);
  return {
    browser: browser.version(),
    rows: await page.locator('main tbody tr').count(),
    paint: spreadOf(all.map(({ paint }) => paint)),
    question_to_paint: spreadOf(all.map(({ asked }) => asked)),
    load_to_paint: spreadOf(all.map(({ whole }) => whole)),
  };
}

interface Load {
  readonly paint: number;
  readonly asked: number;
  readonly whole: number;
}

async function signedIn(browser: Browser, base: string, token: string): Promise<Page> {
  const { page } = await openPage(browser, { viewport: { width: 1_280, height: 800 } });
  await page.addInitScript(WATCH);
  await page.goto(base);
  await page.getByLabel('API token').fill(token);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  return page;
}

/** A message that is sent before a frame is painted is read after it. */
const WATCH = `globalThis.painted = new Promise((resolve) => {
  const seen = new MutationObserver(() => {
    if (!document.querySelector('main .scroll tbody tr')) return;
    seen.disconnect();
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve(performance.now());
      port2.postMessage(0);
    });
  });
  seen.observe(document, { childList: true, subtree: true });
})`;

const MEASURE = `painted.then((at) => {
  const [list] = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/ssl/certificate_packs?'));
  return { paint: at - list.responseEnd, asked: at - list.startTime, whole: at };
})`;

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [Math.floor, Math.ceil].map((to) => sorted[to((sorted.length - 1) / 2)] ?? 0);
  return { median: rounded(((low ?? 0) + (high ?? 0)) / 2), max: rounded(sorted.at(-1) ?? 0) };
}

const rounded = (n: number): number => Math.round(n * 10) / 10;
