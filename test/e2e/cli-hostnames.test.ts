/** `certpacks hostnames` as a person types it, against the API. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type HostnameScene, hostnameScene } from '../support/hostnames.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
let token = '';
before(async () => {
  scene = await hostnameScene(ends);
  ({ token } = await scene.owner(['saas.test']));
});
after(() => ends.disposeAsync());

/** Runs a command; what it printed. */
async function hostnames(...args: readonly string[]) {
  const env = { PATH: process.env['PATH'] ?? '', CERTPACKS_TOKEN: token };
  const place = ['--api', scene.url, ...(args.includes('--zone') ? [] : ['--zone', 'saas.test'])];
  const child = spawn(process.execPath, [MAIN, 'hostnames', ...args, ...place], { env, timeout: 90_000 });
  const [[status], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status: Number(status), out, err };
}

it('makes a hostname, tells what to show for it, looks again, lists, counts and deletes', async () => {
  const added = await hostnames('add', 'app.shop.test', '--wildcard');
  assert.equal(added.status, 0, added.err);
  assert.match(
    added.out,
    /app\.shop\.test +pending +initializing +_cf-custom-hostname\.app\.shop\.test +[0-9a-f-]{36}/,
  );
  scene.shown.cname.set('app.shop.test', 'saas.test');
  const checked = await hostnames('check', 'app.shop.test');
  assert.equal(checked.status, 0, checked.err);
  await scene.carry();
  assert.match(
    (await hostnames('list', '--status', 'active')).out,
    /app\.shop\.test +active +pending_validation +txt/,
  );
  assert.doesNotMatch((await hostnames('list', '--contain', 'other')).out, /app\.shop/);
  const got: { id: string; ssl: { wildcard: boolean } } = JSON.parse(
    (await hostnames('get', 'app.shop.test', '--json')).out,
  );
  assert.equal(got.ssl.wildcard, true);
  assert.match((await hostnames('quota')).out, /^1 +1000000000/m);
  const gone = await hostnames('delete', got.id, '--json');
  assert.deepEqual(JSON.parse(gone.out), { id: got.id });
  const refused = await hostnames('add', '*.shop.test');
  assert.notEqual(refused.status, 0);
  assert.match(refused.err, /wildcard/);
});

interface Shown {
  readonly id: string;
  readonly ssl: {
    readonly method?: string;
    readonly wildcard: boolean;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly certificates: readonly object[];
  };
  readonly custom_metadata?: object;
  readonly custom_origin_server?: string;
}

async function json<T = Shown>(...args: readonly string[]): Promise<T> {
  const { status, out, err } = await hostnames(...args, '--json');
  assert.equal(status, 0, err);
  return JSON.parse(out);
}

it('changes how control is shown, where clients are sent, what is kept of it, and TLS, one setting at a time', async () => {
  const { id } = await json('add', 'change.shop.test', '--metadata', '{"plan": "gold"}', '--http2', 'off');
  const origin = ['--origin', 'origin.saas.test'];
  const first = await json('change', 'change.shop.test', '--method', 'http', '--min-tls', '1.2', ...origin);
  assert.deepEqual([first.id, first.ssl.method, first.ssl.wildcard], [id, 'http', false]);
  assert.deepEqual(first.ssl.settings, { http2: 'off', min_tls_version: '1.2' });
  assert.deepEqual(
    [first.custom_origin_server, first.custom_metadata],
    ['origin.saas.test', { plan: 'gold' }],
  );

  const more = ['--ciphers', 'ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-GCM-SHA256', '--tls13', 'off'];
  const second = await json('change', id, '--method', 'txt', '--wildcard', '--origin', 'none', ...more);
  assert.deepEqual([second.ssl.method, second.ssl.wildcard], ['txt', true]);
  assert.deepEqual(second.ssl.settings, {
    http2: 'off',
    min_tls_version: '1.2',
    tls_1_3: 'off',
    ciphers: ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  });
  assert.equal(second.custom_origin_server, undefined);
  const third = await json('change', id, '--no-wildcard', '--reset-tls', '--metadata', 'null');
  assert.deepEqual([third.ssl.wildcard, third.ssl.settings, third.custom_metadata], [false, {}, undefined]);
});

it('brings a certificate with its key from files, and another in its place', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-hostnames-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const brought = async (name: string) => {
    const { certificate, private_key } = await scene.ca.issue(['own.shop.test']);
    const [file, key] = [join(dir, `${name}.pem`), join(dir, `${name}-key.pem`)];
    writeFileSync(file, certificate);
    writeFileSync(key, private_key, { mode: 0o600 });
    return ['--certificate', file, '--key', key];
  };
  const made = await json('add', 'own.shop.test', ...(await brought('first')));
  assert.deepEqual([made.ssl.method, made.ssl.certificates.length], [undefined, 1]);
  const other = await json('change', 'own.shop.test', ...(await brought('second')));
  assert.equal(other.id, made.id);
  assert.notDeepEqual(other.ssl.certificates, made.ssl.certificates);
});

it('lists by every filter that the API has', async () => {
  const names = async (...args: readonly string[]) =>
    (await json<{ hostname: string }[]>('list', ...args)).map(({ hostname }) => hostname);
  const { id } = await json('add', 'list.shop.test', '--wildcard', '--origin', 'listed.saas.test');
  const bare = await hostnames('add', 'bare.shop.test', '--method', 'none');
  assert.deepEqual(
    [bare.status, /no certificate is got for the hostname/.test(bare.err)],
    [0, true],
    bare.err,
  );
  assert.deepEqual(await names('--exact', 'list.shop.test'), ['list.shop.test']);
  assert.deepEqual(await names('--starts-with', 'bare.'), ['bare.shop.test']);
  assert.deepEqual(await names('--id', id, '--order', 'ssl', '--direction', 'desc'), ['list.shop.test']);
  assert.deepEqual(await names('--origin', 'listed.saas.test', '--with-ssl'), ['list.shop.test']);
  const wild = ['--wildcard', 'true', '--ca', 'lets_encrypt', '--ssl-status', 'initializing'];
  assert.deepEqual(await names('--contain', 'list.', ...wild), ['list.shop.test']);
  assert.deepEqual(await names('--contain', 'list.', '--wildcard', 'false'), []);
});

it('sets the fallback origin of a zone, tells it, and takes it away', async () => {
  const set = await json<{ origin: string }>('fallback-origin', 'set', 'fallback.saas.test');
  assert.equal(set.origin, 'fallback.saas.test');
  assert.match((await hostnames('fallback-origin', 'get')).out, /^ORIGIN +STATUS .*\nfallback\.saas\.test /);
  assert.equal((await hostnames('fallback-origin', 'remove')).status, 0);
});

for (const [args, status, why] of [
  [['change', 'app.shop.test'], 1, /nothing is said to change/],
  [['change', 'app.shop.test', '--metadata', '{'], 1, /--metadata is JSON/],
  [['change', 'app.shop.test', '--method', 'http', '--certificate', 'x'], 1, /cannot be used with/],
  [['list', '--id', 'x', '--contain', 'y'], 1, /cannot be used with/],
  [['change', '00000000-0000-4000-8000-000000000000', '--wildcard'], 2, /1436/],
  [['fallback-origin', 'set', 'no name'], 2, /1415/],
] as const)
  it(`${args.join(' ')} ends with ${status} and a sentence`, async () => {
    const ran = await hostnames(...args);
    assert.deepEqual([ran.status, why.test(ran.err)], [status, true], ran.err);
  });
