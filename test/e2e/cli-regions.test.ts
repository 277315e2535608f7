/** `certpacks csr` and `certpacks key region` as a person types them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { toRegions } from '../../src/serve/regions.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { make } from '../support/pki.ts';
import { givenOwner } from '../support/tokens.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'certpacks-cli-'));
const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, ['shop.test']);
});
after(async () => {
  await ends.disposeAsync();
  rmSync(dir, { recursive: true, force: true });
});

/** Runs a command; what it printed. */
async function run(...args: readonly string[]) {
  const env = { PATH: process.env['PATH'] ?? '', CERTPACKS_TOKEN: owner.token };
  const child = spawn(process.execPath, [MAIN, ...args], { env, timeout: 60_000 });
  const [[status], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status: Number(status), out, err };
}

async function csr<T>(...args: readonly string[]): Promise<T> {
  const { status, out, err } = await run('csr', ...args, '--api', api.url, '--json');
  assert.equal(status, 0, err);
  return JSON.parse(out);
}

it('makes a request for an account or a zone, prints it, lists it, and takes it away', async () => {
  const subject = [
    '--country',
    'DE',
    '--state',
    'Hessen',
    '--locality',
    'Frankfurt',
    '--organization',
    'Shop GmbH',
  ];
  for (const place of [[], ['--zone', 'shop.test']]) {
    const file = join(dir, `request-${place.length}.pem`);
    const args = [
      'csr',
      'create',
      'shop.test',
      '*.shop.test',
      ...subject,
      ...place,
      '--out',
      file,
      '--api',
      api.url,
    ];
    const made = await run(...args);
    assert.equal(made.status, 0, made.err);
    assert.match(readFileSync(file, 'utf8'), /^-----BEGIN CERTIFICATE REQUEST-----/);
    const [one] = await csr<{ id: string; sans: string[]; common_name: string }[]>('list', ...place);
    assert.deepEqual([one?.sans, one?.common_name], [['shop.test', '*.shop.test'], 'shop.test']);
    const id = one?.id ?? '';
    assert(made.out.includes(id));
    const got = await run('csr', 'get', id, ...place, '--api', api.url);
    assert.equal(got.out, readFileSync(file, 'utf8'));
    await csr('delete', id, ...place);
    assert.deepEqual(await csr('list', ...place), []);
  }
});

it('uploads what a CA made of a request without its key, and says where a key may be', async () => {
  const subject = ['--country', 'DE', '--state', 'x', '--locality', 'x', '--organization', 'x'];
  const [request, file] = [join(dir, 'request.pem'), join(dir, 'certificate.pem')];
  const [one] = await csr<{ id: string }[]>('create', 'shop.test', ...subject, '--out', request);
  const certificate = await make(new Date(), { hosts: ['shop.test'], csr: readFileSync(request, 'utf8') });
  writeFileSync(file, certificate.pem);
  const at = ['--zone', 'shop.test', '--bundle', 'force', '--json', '--api', api.url];
  const told = await run('certificates', 'upload', file, '--csr', one?.id ?? '', ...at);
  assert.equal(told.status, 0, told.err);
  const uploaded: { custom_csr_id: string } = JSON.parse(told.out);
  assert.equal(uploaded.custom_csr_id, one?.id);
  const kept = await run('certificates', 'upload', file, '--policy', 'region: EU', ...at);
  assert.equal(kept.status, 2);
  assert.match(kept.err, /no region is set up here.*\(1011\)/);
  const both = await run('certificates', 'upload', file, '--policy', 'region: EU', '--geo', 'eu', ...at);
  assert.match(both.err, /cannot be used with/);
});

it('makes the key pair of a region once, and prints a table that can be configured, with no part of the private key', async () => {
  const file = join(dir, 'frankfurt.key');
  const args = ['key', 'region', 'frankfurt', '--file', file, '--region', 'EU,WEUR', '--country', 'DE'];
  const { status, out, err } = await run(...args);
  assert.equal(status, 0, err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { regions } = parse(out);
  const [region] = toRegions(Array.isArray(regions) ? regions : []);
  assert.deepEqual(region?.location, { regions: ['EU', 'WEUR'], country: 'DE', isHighestSecurity: false });
  const [, secret = assert.fail()] = /\n([A-Za-z0-9+/=]+)\n/.exec(readFileSync(file, 'utf8')) ?? [];
  assert.equal(out.includes(secret.slice(-20)), false);
  const again = await run(...args);
  assert.equal(again.status, 1);
  assert.match(again.err, /is there already/);
  const wrong = await run(
    'key',
    'region',
    'x',
    '--file',
    join(dir, 'x.key'),
    '--region',
    'EU',
    '--country',
    'US',
  );
  assert.match(wrong.err, /US is no country of the EU/);
  assert.throws(() => statSync(join(dir, 'x.key')));
});
