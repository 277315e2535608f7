/** In the dashboard, what is elsewhere: edges with agents, keys of others. In a real browser, on a whole small world. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { assertAccessible, assertFits, needsBrowser } from '../support/browser.ts';
import { MAIN, plainEnvironment } from '../support/commands.ts';
import { type DashboardScene, show, signedIn, startDashboard } from '../support/dashboard.ts';
import { askApi } from '../support/dashboard-views.ts';
import { builtTerminator, givenKeyServer, keylessNeeds, type TestKeyServer } from '../support/keyless.ts';
import { make } from '../support/pki.ts';
import { freePort } from '../support/ports.ts';

const LIMIT = { timeout: 150_000, ...needsBrowser() };
/** Of what agents have to do first. */
const DONE = { timeout: 60_000 };

const ends = new AsyncDisposableStack();
let scene: DashboardScene;
/** A certificate whose key is behind the key server, where there is one: it takes the program that speaks TLS for it. */
let kept: { readonly pem: string; readonly server: TestKeyServer } | undefined;
before(async () => {
  if (LIMIT.skip !== false) return;
  if (keylessNeeds().skip === false) {
    const { pem, key } = await make(new Date(), { hosts: ['www.kept.test'], days: 60 });
    kept = { pem, server: await givenKeyServer(ends, [key]) };
  }
  scene = await startDashboard(ends, {
    CERTPACKS_AGENT_LISTEN: '127.0.0.1:0',
    ...(kept && { CERTPACKS_KEYLESS_PROGRAM: await builtTerminator(), ...asSettings(kept.server.options) }),
  });
}, LIMIT);
after(() => ends.disposeAsync());

/** Options as the environment of a process has them. */
const asSettings = (options: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [`CERTPACKS_${name.toUpperCase()}`, String(value)]),
  );

const rowOf = (page: Page, name: RegExp) => page.getByRole('row', { name });

/** Fails where what is shown does not fit a phone, or axe finds something serious in it. */
async function assertLooks(page: Page, what: string): Promise<void> {
  await page.setViewportSize({ width: 360, height: 800 });
  await assertFits(page, what);
  await assertAccessible(page, what);
  await page.setViewportSize({ width: 1_280, height: 800 });
}

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

/** Enrols an edge by the form, and takes it up by the command that is shown; the folder of its agent. */
async function enrol(page: Page): Promise<string> {
  const form = page.getByRole('region', { name: 'Enrol an edge' });
  await form.getByLabel('Name').fill('fra-1');
  await form.getByText('Where it is').click();
  await form.getByLabel('EU, European Union').check();
  await form.getByLabel('Country, by two letters').fill('de');
  await form.getByRole('button', { name: 'Enrol it' }).click();
  const note = page.getByRole('region', { name: 'Token of fra-1' });
  await note.getByText('is shown once').waitFor();
  await note.getByRole('button', { name: 'Copy the command' }).waitFor();
  await note.getByRole('button', { name: 'Copy the token of fra-1' }).waitFor();
  await rowOf(page, /fra-1 waiting for its agent bundled production DE, EU/).waitFor();
  const [program, ...args] = ((await note.locator('code').last().textContent()) ?? '').split(' ');
  assert.equal(program, 'certpacks');
  await assertLooks(page, 'the token');
  const dir = givenFolder();
  await promisify(execFile)(process.execPath, [MAIN, ...args.slice(0, -1), dir], { env: plainEnvironment() });
  await note.getByRole('button', { name: 'I have it' }).click();
  assert.equal((await page.content()).includes('cpe_'), false);
  return dir;
}

it('an edge is enrolled by the command that is shown once, and told of until it serves', LIMIT, async () => {
  const { page, troubles } = await signedIn(scene);
  await show(page, 'edges', 'Edges');
  await rowOf(page, /production-1 configured bundled production/).waitFor();
  const form = page.getByRole('region', { name: 'Enrol an edge' });
  await form.getByLabel('Name').fill('no name');
  await form.getByRole('button', { name: 'Enrol it' }).click();
  await form.locator('.field.wrong', { hasText: 'name' }).waitFor();
  troubles.length = 0; // A refusal is an error of the console.
  const dir = await enrol(page);
  await rowOf(page, /fra-1 joining/).waitFor(DONE);
  await runAgent(dir);
  await rowOf(page, /fra-1 serving/).waitFor(DONE);
  assert.deepEqual(troubles, []);
});

it('what that edge does not show is told; it is drained, taken back and removed', LIMIT, async () => {
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
  const { page, troubles } = await signedIn(scene);
  await show(page, 'edges', 'Edges');
  await page.getByRole('link', { name: 'fra-1' }).click();
  await page.getByRole('heading', { level: 1, name: /fra-1 serving/ }).waitFor();
  await page.getByRole('region', { name: 'Where it is' }).getByText('European Union').waitFor();
  const behind = page.getByRole('region', { name: 'What it does not show as it is to' });
  await behind.getByRole('row', { name: new RegExp(pack.id) }).waitFor(DONE);
  await assertLooks(page, 'an edge');

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
  await page.getByRole('region', { name: 'Token of fra-1' }).getByText('is shown once').waitFor();

  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByLabel('To go on, type: fra-1').fill('fra-1');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('heading', { level: 1, name: 'Edges' }).waitFor();
  await rowOf(page, /fra-1/).waitFor({ state: 'detached' });
  await page.getByRole('search').getByLabel('State').selectOption('drained');
  await page.getByText('No edge fits.').waitFor();
  assert.deepEqual(troubles, []);
});

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

it(
  'a keyless certificate is brought without its key, says why it is not served, is led elsewhere and deleted',
  LIMIT,
  async (t) => {
    if (!kept) return t.skip(keylessNeeds().skip || undefined);
    const { pem, server } = kept;
    const { client, account_id: id } = scene.world;
    const zone = (await client.zones.create({ account: { id }, name: 'kept.test', type: 'full' })).id;
    const { page, troubles } = await signedIn(scene);
    await show(page, `zones/${zone}`, /kept\.test/);
    await page.getByRole('link', { name: 'Keyless certificates' }).click();
    await page.getByText('There are no keyless certificates yet.').waitFor();
    const form = page.getByRole('region', { name: 'Bring a certificate without its key' });
    const covered = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    await form.getByLabel('Certificate in PEM').fill(pem + covered);
    await page.getByText('The private key is taken out').waitFor();
    assert.equal((await form.getByLabel('Certificate in PEM').inputValue()).includes('PRIVATE'), false);
    await form.getByLabel('Chain').selectOption('force');
    await form.getByLabel('Where its key is').fill('keys.nowhere.test');
    await form.getByRole('button', { name: 'Bring it' }).click();
    await form.getByText('keys.nowhere.test').first().waitFor();
    await form.locator('.wrong-text').first().waitFor();
    troubles.length = 0; // A refusal is an error of the console.
    await form.getByLabel('Where its key is').fill('127.0.0.1');
    await form.getByLabel('Port of the key server').fill(String(server.port));
    await form.getByRole('button', { name: 'Bring it' }).click();
    await rowOf(page, new RegExp(`www\\.kept\\.test active .*127\\.0\\.0\\.1:${server.port}`)).waitFor(DONE);

    await assertLooks(page, 'keyless certificates');
    await page.getByRole('link', { name: 'www.kept.test' }).click();
    await page.getByRole('heading', { level: 1, name: /www\.kept\.test active/ }).waitFor();
    await page.getByRole('region', { name: 'Handshakes' }).getByText('its certificate').waitFor(DONE);
    await server.stop();
    await scene.world.tell('POST', '/clock', { advance_s: 61 });
    const served = page.getByRole('region', { name: 'Whether it is served' });
    await served.getByRole('heading', { name: 'What is wrong' }).waitFor(DONE);
    await assertLooks(page, 'a keyless certificate');
    await page.getByRole('button', { name: 'Change' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name, for you').fill('the shop');
    await dialog.getByRole('button', { name: 'Change it' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('region', { name: 'About' }).getByText('the shop').waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There are no keyless certificates yet.').waitFor(DONE);
    assert.deepEqual(troubles, []);
  },
);
