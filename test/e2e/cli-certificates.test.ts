/** `certpacks certificates` as a person types it, against the API. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { MAIN } from '../support/commands.ts';
import { carryAll } from '../support/job-deps.ts';
import { make, pemOf } from '../support/pki.ts';
import { givenOwner } from '../support/tokens.ts';
import { pulling } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
let dir: string;
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, ['shop.test']);
  dir = mkdtempSync(join(tmpdir(), 'certpacks-certificates-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
});
after(() => ends.disposeAsync());

/** Runs a command; what it printed. */
async function certificates(args: readonly string[], input = '') {
  const env = { PATH: process.env['PATH'] ?? '', CERTPACKS_TOKEN: owner.token };
  const at = ['--zone', 'shop.test', '--api', api.url];
  const child = spawn(process.execPath, [MAIN, 'certificates', ...args, ...at], { env, timeout: 90_000 });
  child.stdin.end(input);
  const [[status], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  assert.doesNotMatch(out + err, /PRIVATE KEY-----/);
  return { status: Number(status), out, err };
}

interface Shown {
  readonly id: string;
  readonly status: string;
  readonly deploy: string;
  readonly priority: number;
  readonly hosts: readonly string[];
}

async function json<T = Shown>(args: readonly string[], input = ''): Promise<T> {
  const { status, out, err } = await certificates([...args, '--json'], input);
  assert.equal(status, 0, err);
  return JSON.parse(out);
}

/** A self-signed certificate and its key, each in a file. */
async function files(name: string, hosts: readonly string[]) {
  const made = await make(api.jobs.clock.now(), { hosts });
  const [certificate, key] = [join(dir, `${name}.pem`), join(dir, `${name}-key.pem`)];
  writeFileSync(certificate, made.pem);
  writeFileSync(key, pemOf(made), { mode: 0o600 });
  return { certificate, key, both: made.pem + pemOf(made) };
}

it('uploads from files and from standard input, lists, puts in order, replaces, moves and deletes', async () => {
  const jobs = pulling(api.jobs);
  const [first, second, third] = [
    await files('first', ['shop.test', 'elsewhere.test']),
    await files('second', ['shop.test']),
    await files('third', ['shop.test']),
  ];
  const force = ['--bundle', 'force'];
  const staged = ['--deploy', 'staging', '--type', 'sni_custom'];
  const told = await certificates(['upload', first.certificate, first.key, ...force, ...staged]);
  assert.match(told.out, /^ID +STATUS +DEPLOY .*\n[0-9a-f-]{36} +initializing +staging +sni_custom +0 /);
  assert.match(told.err, /not served by this zone, as not of it: elsewhere\.test/);
  const other = await json(['upload', '-', ...force], second.both);
  assert.equal(other.deploy, 'production');
  await carryAll(jobs);
  const active = await json<Shown[]>(['list', '--status', 'active']);
  assert.deepEqual(active.map(({ deploy }) => deploy).toSorted(), ['production', 'staging']);

  const one = active.find(({ deploy }) => deploy === 'staging')?.id ?? '';
  const ordered = await json<Shown[]>(['prioritize', `${one}=7`, `${other.id}=3`]);
  assert.deepEqual(
    ordered.map(({ priority }) => priority).toSorted((a, b) => a - b),
    [3, 7],
  );
  const promoted = await json(['promote', one]);
  assert.deepEqual([promoted.deploy, promoted.status, promoted.priority], ['production', 'initializing', 7]);
  await carryAll(jobs);
  assert.equal((await json(['stage', promoted.id])).deploy, 'staging');
  const replaced = await json(['replace', other.id, third.certificate, third.key]);
  assert.deepEqual([replaced.id, replaced.hosts], [other.id, ['shop.test']]);
  await carryAll(jobs);
  assert.equal((await json(['get', other.id])).status, 'active');
  assert.match((await certificates(['delete', other.id])).out, new RegExp(`^ID *\\n${other.id} *\\n$`));
});

for (const [args, status, why] of [
  [['upload', '/nowhere/cert.pem'], 1, /\/nowhere\/cert\.pem cannot be read \(ENOENT\)/],
  [['upload', '-'], 2, /the private key is missing/],
  [['upload', '-', '--type', 'advanced'], 1, /legacy_custom, sni_custom/],
  [['prioritize', 'x'], 1, /a priority is ID=NUMBER/],
  [['get', '00000000-0000-4000-8000-000000000000'], 2, /00000000-0000-4000-8000-000000000000/],
] as const)
  it(`${args.join(' ')} ends with ${status} and a sentence`, async () => {
    const { pem } = await make(api.jobs.clock.now(), { hosts: ['shop.test'] });
    const ran = await certificates(args, pem);
    assert.deepEqual([ran.status, why.test(ran.err)], [status, true], ran.err);
  });
