/** In the dashboard, what is on other machines: edges with their agents. In a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { needsBrowser } from '../support/browser.ts';
import { MAIN, plainEnvironment } from '../support/commands.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { askApi } from '../support/dashboard-views.ts';
import { freePort } from '../support/ports.ts';

const LIMIT = { timeout: 120_000, ...needsBrowser() };
/** Of what agents have to do first. */
const DONE = { timeout: 60_000 };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
before(async () => {
  if (LIMIT.skip === false) scene = await startDashboard(ends, { CERTPACKS_AGENT_LISTEN: '127.0.0.1:0' });
}, LIMIT);
after(() => ends.disposeAsync());

const rowOf = (page: Page, name: RegExp) => page.getByRole('row', { name });

/** A folder for an agent, which is gone at the end. */
function givenFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-screens-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs the agent of a folder, of an edge that nobody started: what it is asked to serve it does not show. */
async function runAgent(dir: string): Promise<void> {
  const file = join(dir, 'agent.toml');
  writeFileSync(file, `[edge]\naddress = "127.0.0.1:${await freePort()}"\n`);
  const child = spawn(process.execPath, [MAIN, 'agent', 'run', '--dir', dir, '--config', file], {
    stdio: 'ignore',
    env: plainEnvironment(),
  });
  ends.defer(() => void child.kill('SIGKILL'));
}

/** A token with permissions for the whole account. */
async function tokenFor(...names: string[]): Promise<string> {
  const groups = await askApi<{ id: string; name: string }[]>(
    scene.world,
    'GET',
    '/user/tokens/permission_groups',
  );
  const permission_groups = groups.filter(({ name }) => names.includes(name)).map(({ id }) => ({ id }));
  const resources = { 'com.cloudflare.api.account.zone.*': '*' };
  const body = { name: names.join(), policies: [{ effect: 'allow', permission_groups, resources }] };
  return (await askApi<{ value: string }>(scene.world, 'POST', '/user/tokens', body)).value;
}

it(
  'an edge is enrolled by the command that is shown once, told of until it serves, drained and removed',
  LIMIT,
  async () => {
    const { page, troubles } = await signedIn(scene);
    await show(page, 'edges', 'Edges');
    await rowOf(page, /production-1 configured bundled production/).waitFor();
    const form = page.getByRole('region', { name: 'Enrol an edge' });
    await form.getByLabel('Name').fill('no name');
    await form.getByRole('button', { name: 'Enrol it' }).click();
    await form.locator('.field.wrong', { hasText: 'name' }).waitFor();
    troubles.length = 0; // A refusal is an error of the console.
    await form.getByLabel('Name').fill('fra-1');
    await form.getByText('Where it is').click();
    await form.getByLabel('EU, European Union').check();
    await form.getByLabel('Country, by two letters').fill('de');
    await form.getByRole('button', { name: 'Enrol it' }).click();
    const note = page.getByRole('region', { name: 'Token of fra-1' });
    await note.getByText('is shown once').waitFor();
    await note.getByRole('button', { name: 'Copy the command' }).waitFor();
    await note.getByRole('button', { name: 'Copy the token of fra-1' }).waitFor();
    const command = (await note.locator('code').last().textContent()) ?? '';
    const [program, ...args] = command.split(' ');
    assert.equal(program, 'certpacks');
    const dir = givenFolder();
    await rowOf(page, /fra-1 waiting for its agent bundled production DE, EU/).waitFor();
    await promisify(execFile)(process.execPath, [MAIN, ...args.with(-1, dir)], { env: plainEnvironment() });
    await note.getByRole('button', { name: 'I have it' }).click();
    assert.equal((await page.content()).includes('cpe_'), false);
    await rowOf(page, /fra-1 joining/).waitFor(DONE);
    await runAgent(dir);
    await rowOf(page, /fra-1 serving/).waitFor(DONE);

    const { client, account_id: id } = scene.world;
    const zone_id = (await client.zones.create({ account: { id }, name: 'far.test', type: 'full' })).id;
    const pack = await client.ssl.certificatePacks.create({
      zone_id,
      type: 'advanced',
      hosts: ['far.test'],
      certificate_authority: 'google',
      validation_method: 'txt',
      validity_days: 90,
    });
    await page.getByRole('link', { name: 'fra-1' }).click();
    await page.getByRole('heading', { level: 1, name: /fra-1 serving/ }).waitFor();
    await page.getByRole('region', { name: 'Where it is' }).getByText('European Union').waitFor();
    const behind = page.getByRole('region', { name: 'What it does not show as it is to' });
    await behind.getByRole('row', { name: new RegExp(`${pack.id}.*ECONNREFUSED`) }).waitFor(DONE);

    await page.getByRole('button', { name: 'Drain' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
    await page.getByRole('heading', { level: 1, name: /fra-1 drained/ }).waitFor();
    await behind.getByRole('link', { name: pack.id }).click();
    await page.getByRole('heading', { level: 1, name: /far\.test active/ }).waitFor(DONE);
    await page.goBack();
    await page.getByRole('button', { name: 'End the draining' }).click();
    await page.getByRole('heading', { level: 1, name: /fra-1 serving/ }).waitFor();
    await page.getByRole('button', { name: 'Another token' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Get another token' }).click();
    await note.getByText('is shown once').waitFor();

    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByLabel('To go on, type: fra-1').fill('fra-1');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('heading', { level: 1, name: 'Edges' }).waitFor();
    await rowOf(page, /fra-1/).waitFor({ state: 'detached' });
    await page.getByRole('search').getByLabel('State').selectOption('drained');
    await page.getByText('No edge fits.').waitFor();
    assert.deepEqual(troubles, []);
  },
);

it('who may only read edges is told of them and has no button, and who may not sees why', LIMIT, async () => {
  const reader = await signedIn(scene, await tokenFor('Zone Read', 'SSL and Certificates Read'));
  await show(reader.page, 'edges', 'Edges');
  await rowOf(reader.page, /production-1 configured/).waitFor();
  assert.equal(await reader.page.getByRole('button', { name: 'Enrol it' }).count(), 0);
  assert.deepEqual(reader.troubles, []);
  const other = await signedIn(scene, await tokenFor('Zone Read'));
  await show(other.page, 'edges', 'Edges');
  await other.page.getByText('Your token has no “SSL and Certificates Read” for all zones').waitFor();
});
