/** A real browser: Debian's Chromium, without a window. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { install } from './apt.ts';

/** The engine without a browser around it comes first: it takes half of the processor time. */
const [SHELL, WHOLE] = ['chromium-headless-shell', 'chromium'] as const;

const found = (): string | undefined =>
  [SHELL, WHOLE]
    .flatMap((program) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program)))
    .find((path) => existsSync(path));

/** As `needs`, for the browser: asked for its version it would open a window. */
export function needsBrowser(): { readonly skip: string | false } {
  if (process.env['CI'] === 'true' && found() === undefined) installEither();
  return { skip: found() === undefined && `neither ${SHELL} nor ${WHOLE} is on this machine` };
}

/** Where there is no package of the engine alone, the whole browser does. */
function installEither(): void {
  try {
    install(SHELL);
  } catch {
    install(WHOLE);
  }
}

/** Starts it. Root has no sandbox; what it is shown is ours alone. */
export async function startBrowser(ends: AsyncDisposableStack): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-dev-shm-usage'];
  const browser = await chromium.launch({ executablePath: found() ?? 'chromium', args });
  ends.defer(() => browser.close());
  return browser;
}

/** A page that is watched. */
export interface WatchedPage {
  readonly page: Page;
  /** What went wrong in it so far: errors of scripts, of the console, and what its policy kept it from. */
  readonly troubles: string[];
}

const LIMIT_MS = 15_000;

/** Opens a page in a browser profile of its own. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(LIMIT_MS);
  const troubles: string[] = [];
  await context.exposeFunction('policyBroken', (what: string) => troubles.push(`policy: ${what}`));
  await context.addInitScript(
    `addEventListener('securitypolicyviolation', (e) => policyBroken(e.effectiveDirective + ' ' + e.blockedURI))`,
  );
  const page = await context.newPage();
  page.on('pageerror', (error) => troubles.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(`console: ${message.text()}`);
  });
  return { page, troubles };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Fails where axe finds something serious or worse in what is shown. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: Finding[] }>(
    'axe.run(document, { resultTypes: ["violations"] })',
  );
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = bad.map(
    ({ id, nodes }) => `${id}: ${nodes.map((one) => `${one.html} ${one.failureSummary}`).join('\n')}`,
  );
  assert.deepEqual(told, [], `${what}: ${told.join('\n')}`);
}

/** Fails where a page is wider than its window: it would have to be pushed sideways. */
export async function assertFits(page: Page, what: string): Promise<void> {
  const [wide, window] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, innerWidth]',
  );
  assert(wide <= window, `${what} is ${wide} wide in a window of ${window}`);
}
