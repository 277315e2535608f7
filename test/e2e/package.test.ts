/** What is published: packed, installed in an empty folder, and run from there with nothing of this checkout in reach. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newClient } from '../support/client.ts';
import { type DevLine, until } from '../support/world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT = { timeout: 170_000 };
const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.startsWith(ROOT));

/** The machine's own npm, which knows how packages are reached from here. */
const npm = folders.map((folder) => join(folder, 'npm')).find((path) => existsSync(path)) ?? 'npm';

const dir = mkdtempSync(join(tmpdir(), 'certpacks-package-'));
const installed = join(dir, 'node_modules', 'certpacks');
/** Nothing of the checkout, and no Node but the one that runs this. */
const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: dir, LANG: 'C.UTF-8' };

let tarball: string;
before(() => {
  chmodSync(dir, 0o755);
  const made = ['shrinkwrap', 'sbom'].map((name) => join(ROOT, `setup/${name}.js`));
  execFileSync(process.execPath, [join(ROOT, 'setup/build.js')], { cwd: ROOT });
  for (const one of made)
    execFileSync(process.execPath, [one], { env: { ...process.env, PATH: folders.join(delimiter) } });
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', dir];
  const [{ filename = '' } = {}]: { filename?: string }[] = JSON.parse(
    execFileSync(npm, pack, { cwd: ROOT }).toString(),
  );
  for (const one of made) execFileSync(process.execPath, [one, '--remove']);
  tarball = join(dir, filename);
  const cache = execFileSync(npm, ['config', 'get', 'cache']).toString().trim();
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--cache', cache, tarball];
  const bare = { ...env, PATH: `${dirname(npm)}:/usr/bin:/bin` };
  execFileSync(npm, install, { cwd: dir, env: bare, stdio: 'pipe', timeout: 120_000 });
}, LIMIT);
after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

it('has nothing that publint finds wrong', () => {
  const lint = join(ROOT, 'node_modules', 'publint', 'src', 'cli.js');
  execFileSync(process.execPath, [lint, '--strict', tarball], { stdio: 'pipe' });
});

it('holds what runs and what is to be read, and neither sources nor tests', () => {
  const files = execFileSync('tar', ['-tzf', tarball]).toString().trim().split('\n');
  for (const wanted of [
    'dist/main.js',
    'dist/dashboard/index.html',
    'dist/store/migrations/0001_packs.sql',
    'README.md',
    'LICENSE',
    'docs/configuration.md',
    'npm-shrinkwrap.json',
    'sbom.cdx.json',
    'deploy/prometheus/certpacks.rules.yml',
    'deploy/helm/certpacks/templates/deployment.yaml',
  ])
    assert(files.includes(`package/${wanted}`), wanted);
  assert.deepEqual(
    files.filter((file) => /\.ts$|\.test\.|package\/(src|test|bench|setup)\//.test(file)),
    [],
  );
});

/** The text of a file of the package. */
const packedFile = (name: string): string =>
  execFileSync('tar', ['-xzOf', tarball, `package/${name}`]).toString();

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: boolean }>>;
}

const packages = (text: string): Lock['packages'] => {
  const lock: Lock = JSON.parse(text);
  return lock.packages;
};

it('pins every package that runs to what it was tested with, as registries hold npm to', () => {
  const { '': _, ...tested } = packages(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const { '': own, ...pinned } = packages(packedFile('npm-shrinkwrap.json'));
  assert.equal(own !== undefined && 'devDependencies' in own, false);
  assert.deepEqual(pinned, Object.fromEntries(Object.entries(tested).filter(([, { dev = false }]) => !dev)));
  assert.equal(existsSync(join(ROOT, 'npm-shrinkwrap.json')), false, 'none is left in the checkout');
});

it('tells in CycloneDX of every package that runs with it', () => {
  const bill: {
    bomFormat: string;
    metadata: { component: { name: string } };
    components: { name: string }[];
  } = JSON.parse(packedFile('sbom.cdx.json'));
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(packedFile('package.json'));
  assert.deepEqual([bill.bomFormat, bill.metadata.component.name], ['CycloneDX', 'certpacks']);
  const told = new Set(bill.components.map(({ name }) => name));
  for (const name of Object.keys(dependencies)) assert(told.has(name), name);
  assert(!told.has('typescript'), 'what is there for development alone is not in it');
});

it('says its version', () => {
  const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const said = execFileSync(process.execPath, [join(installed, 'bin/certpacks.js'), '--version'], {
    cwd: dir,
    env,
  });
  assert.equal(said.toString(), `${version}\n`);
});

it('starts the stand-in, in which an order becomes active and is listed', LIMIT, async (t) => {
  const bin = join(dir, 'node_modules', '.bin', 'certpacks');
  const child = spawn(process.execPath, [bin, 'dev', '--json', '--port', '0', '--universal', 'off'], {
    cwd: dir,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  t.after(async () => {
    const killer = setTimeout(() => child.kill('SIGKILL'), 30_000);
    child.kill('SIGTERM');
    await exit;
    clearTimeout(killer);
  });
  const [line] = await once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(60_000) });
  const world: DevLine = JSON.parse(String(line));
  const client = newClient({ apiToken: world.token, baseURL: world.api });
  const zone = await client.zones.create({
    account: { id: world.account_id },
    name: 'packed.test',
    type: 'full',
  });
  const { id } = await client.ssl.certificatePacks.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: ['packed.test'],
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 90,
  });
  const get = () => client.ssl.certificatePacks.get(id, { zone_id: zone.id });
  await until(get, ({ status }) => status === 'active', 60);
  const place = new URL('/dashboard/', world.api);
  const page = await (await fetch(place)).text();
  const [, script = ''] = /src="([^"]+\.js)"/.exec(page) ?? [];
  assert.match((await fetch(new URL(script, place))).headers.get('content-type') ?? '', /^text\/javascript/);
  const listed = await client.ssl.certificatePacks.list({ zone_id: zone.id });
  assert.deepEqual(
    listed.result.map((pack) => pack.id),
    [id],
  );
});

/** A Node of this machine that is older than the package needs. */
const old = folders
  .map((folder) => join(folder, 'node'))
  .find(
    (path) =>
      existsSync(path) && Number(/^v(\d+)/.exec(spawnSync(path, ['--version']).stdout.toString())?.[1]) < 24,
  );

it('on too old a Node the command ends with a sentence', {
  skip: old ? false : 'this machine has no old Node',
}, (t) => {
  // A copy: in a checkout the command would find the pinned Node beside it.
  const copy = mkdtempSync(join(tmpdir(), 'certpacks-old-'));
  t.after(() => rmSync(copy, { recursive: true }));
  execFileSync('cp', ['-r', join(ROOT, 'bin'), join(ROOT, 'package.json'), copy]);
  const { status, stderr } = spawnSync(old ?? '', [join(copy, 'bin/certpacks.js'), '--version']);
  assert.equal(status, 1);
  assert.match(stderr.toString(), /^certpacks needs Node 24\.12 or newer; this is [\d.]+\n$/);
});
