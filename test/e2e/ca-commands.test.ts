/** `certpacks ca` against a Pebble that demands an external account binding. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startPebble } from '../support/pebble.ts';
import { needs } from '../support/peers.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

test('a CA is tried before it is written down, and what is wrong is said with the option to change', {
  ...needs('pebble'),
  timeout: 120_000,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-ca-'));
  chmodSync(dir, 0o711);
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  await using ends = new AsyncDisposableStack();
  const pebble = await startPebble(ends, { dir, name: 'one', dns: '127.0.0.1:1', hasEab: true });
  const file = join(dir, 'certpacks.toml');
  const [roots, key] = [join(dir, 'roots.pem'), join(dir, 'hmac')];
  writeFileSync(roots, pebble.tlsRoots);
  writeFileSync(key, pebble.eab?.hmacKey ?? '');
  writeFileSync(file, '# what an operator wrote\nport = 0\n');
  const env = { ...process.env, CERTPACKS_CONFIG: file, CERTPACKS_DATA_DIR: join(dir, 'data') };
  const certpacks = (...args: string[]) => run(process.execPath, [MAIN, ...args], { env, timeout: 60_000 });

  const place = ['--directory-url', pebble.directoryUrl, '--contact', 'ops@example.com'];
  const trust = ['--tls-roots-file', roots];
  const binding = ['--eab-kid', pebble.eab?.kid ?? '', '--eab-hmac-key-file', key];
  const attempt = (...args: string[]) => certpacks('ca', 'add', 'google', ...args);
  await assert.rejects(attempt(...place, '--agree', ...binding), /google: .*(certificate|TLS)/i);
  await assert.rejects(attempt(...place, ...trust, '--agree'), /external account binding.*eab_kid/);
  await assert.rejects(attempt(...place, ...trust, ...binding), /agreed to its terms.*agreed_to_terms/);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /google/);

  const { stdout } = await attempt(...place, ...trust, ...binding, '--agree');
  assert.match(stdout, /works\n +account +https:/);
  assert.match(readFileSync(file, 'utf8'), /^# what an operator wrote\nport = 0\n\n\[ca\.google\]\n/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const again = await certpacks('ca', 'test');
  assert.equal(
    /account +(\S+)/.exec(again.stdout)?.[1],
    /account +(\S+)/.exec(stdout)?.[1],
    'one account, not two',
  );
  assert.match((await certpacks('ca', 'list')).stdout, /google .*with external account binding/);
  await assert.rejects(attempt(...place), /is in .* already/);
  for (const { stdout: said } of [again]) assert(!said.includes(pebble.eab?.hmacKey ?? '-'));
});
