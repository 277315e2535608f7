import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { databaseEnvironment } from '../support/database.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(ROOT, 'src/main.ts');
const LIMIT = { timeout: 90_000 };

function givenFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-start-'));
  chmodSync(dir, 0o711);
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

test(
  'start --once shows packs of two types from order to handshake, a failover and the list, on one screen, and ends with 0, also on the state of an earlier run',
  LIMIT,
  async (t) => {
    const database = await databaseEnvironment(t);
    const env = { ...process.env, CERTPACKS_DATA_DIR: givenFolder(t), ...database };
    const first = await run(process.execPath, [MAIN, 'start', '--once'], { env, cwd: ROOT, timeout: 60_000 });
    assertShown(first.stdout);
    const second = await run(process.execPath, [MAIN, 'start', '--once'], {
      env,
      cwd: ROOT,
      timeout: 60_000,
    });
    assertShown(second.stdout);
  },
);

/** Holds that all of it was shown, on a screen of 55 lines. */
function assertShown(said: string): void {
  assert.match(said, /\d s +active\n/);
  assert.match(said, /pack +active +google .*\n +backup +backup_issued +lets_encrypt /);
  assert.match(said, /before .*Google.*\n +[\d.]+ s .*LetsEncrypt.*\n +[\d.]+ s .*Google/);
  for (const row of [
    /advanced +active +google/,
    /universal +active +google/,
    /universal +backup_issued +lets/,
  ])
    assert.match(said, row);
  assert.match(said, /"type": "advanced",\n +"hosts"/);
  assert.doesNotMatch(said, /curl|Ctrl-C/, 'nothing is offered that has ended');
  assert(said.split('\n').length <= 55, said);
}

test(
  'start stays up, serves what the list shows to any TLS client, and ends cleanly when asked',
  LIMIT,
  async (t) => {
    const database = await databaseEnvironment(t);
    const env = { ...process.env, CERTPACKS_DATA_DIR: givenFolder(t), ...database };
    const child = spawn(process.execPath, [MAIN, 'start'], {
      env,
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.includes('Ctrl-C')) break;
    }
    assert.match(said, /curl -s [\s\S]*\/dashboard\/#\/sign-in\//);
    const port = Number(/production 127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
    for (const [algorithm, sigalgs] of [
      ['ECDSA', 'ECDSA+SHA256'],
      ['RSA', 'RSA-PSS+SHA256'],
    ] as const) {
      const printed = new RegExp(`${algorithm} [\\s\\S]*?SHA-256 +([0-9a-f]{64})`).exec(said)?.[1];
      assert.equal(await fingerprintAt(port, sigalgs), printed);
    }
    child.kill('SIGTERM');
    assert.equal(await exit, 0);
  },
);

function fingerprintAt(port: number, sigalgs: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      servername: 'shop.example.test',
      sigalgs,
      rejectUnauthorized: false,
    };
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase());
      socket.destroy();
    }).once('error', reject);
  });
}

test('the command says its version, names its commands, and refuses an unknown one', async () => {
  const bin = join(ROOT, 'bin/certpacks.js');
  assert.match((await run(process.execPath, [bin, '--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match((await run(process.execPath, [bin, '--help'])).stdout, /serve[\s\S]*migrate/);
  await assert.rejects(run(process.execPath, [bin, 'sevre']), { code: 1 });
});
