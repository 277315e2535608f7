/** A backup of one folder, restored in another: the same lists, the same leaf, and no key in clear anywhere. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { showLeaf } from '../../src/edge/handshake.ts';
import { embeddedOnly } from '../support/database.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LIMIT = { timeout: 170_000 };

function givenFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-backup-'));
  chmodSync(dir, 0o711);
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

const cli = (dir: string, ...args: string[]) =>
  run(process.execPath, [MAIN, ...args], {
    env: { ...process.env, CERTPACKS_DATA_DIR: dir, CERTPACKS_DATABASE_URL: '' },
    timeout: 60_000,
  });

async function givenActive(world: DevWorld): Promise<string> {
  const zone = await world.client.zones.create({
    account: { id: world.account_id },
    name: 'kept.test',
    type: 'full',
  });
  const { id } = await world.client.ssl.certificatePacks.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: ['kept.test'],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  });
  const get = () => world.client.ssl.certificatePacks.get(id, { zone_id: zone.id });
  await until(get, ({ status }) => status === 'active');
  return zone.id;
}

async function listOf({ api, token }: DevWorld, zone: string): Promise<string> {
  const url = `${api}/zones/${zone}/ssl/certificate_packs?status=all`;
  return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text();
}

async function leafOf({ edges: { production } }: DevWorld): Promise<string> {
  const edge = { name: 'production-1', environment: 'production', ...production } as const;
  const ask = { name: 'kept.test', algorithm: 'ecdsa' } as const;
  return (await showLeaf(edge, ask, AbortSignal.timeout(5_000)))?.fingerprint ?? assert.fail('no leaf');
}

test('what is restored on an empty machine lists the same bytes and serves the same leaf', {
  ...LIMIT,
  ...embeddedOnly,
}, async (t) => {
  const [one, other] = [givenFolder(t), givenFolder(t)];
  const file = join(one, 'backup.gz');
  const before = await startDev(['--data', one]);
  let isStopped = false;
  t.after(() => isStopped || before.stop());
  const zone = await givenActive(before);
  const [list, leaf] = [await listOf(before, zone), await leafOf(before)];
  const { stderr } = await cli(one, 'backup', file); // while the service runs
  assert.match(stderr, /packs +1 rows/);
  assert.match(stderr, /keep a copy of .*kek/);
  await before.stop();
  isStopped = true;

  await assert.rejects(
    cli(other, 'restore', file),
    /key-encryption key [0-9a-f]{16}, which is not in .*kek: put it there/,
  );
  copyFileSync(join(one, 'kek'), join(other, 'kek'));
  await cli(other, 'restore', file);
  cpSync(join(one, 'simulator'), join(other, 'simulator'), { recursive: true }); // the CAs are not ours to back up
  const after = await startDev(['--data', other]);
  t.after(() => after.stop());
  assert.equal(await listOf(after, zone), list);
  const shown = await until(
    () => leafOf(after).catch(() => ''),
    (seen) => seen !== '',
  );
  assert.equal(shown, leaf);

  await assert.rejects(cli(other, 'restore', file), /is not empty/);
});

test(
  'what is no backup, is cut short or was altered is refused in words, and leaves the database empty',
  LIMIT,
  async (t) => {
    const dir = givenFolder(t);
    const good = join(dir, 'good.gz');
    await cli(join(dir, 'source'), 'migrate');
    await cli(join(dir, 'source'), 'backup', good);
    const plain = gunzipSync(readFileSync(good)).toString();
    const target = join(dir, 'target');
    mkdirSync(target, { mode: 0o711 });
    copyFileSync(join(dir, 'source', 'kek'), join(target, 'kek'));
    const offer = (name: string, bytes: Buffer, ...flags: string[]) => {
      writeFileSync(join(dir, name), bytes);
      return cli(target, 'restore', join(dir, name), ...flags);
    };
    const newer = gzipSync(plain.replace('"certpacks_backup":1', '"certpacks_backup":2'));
    // Whoever can write where backups are kept can do all this, and have the checksum right.
    const cases: readonly (readonly [string, Buffer, RegExp])[] = [
      ['newer', newer, /newer version/],
      [
        'unknown',
        gzipSync(plain.replace('0001_packs.sql', '9999_later.sql')),
        /does not know the schema 9999_later/,
      ],
      [
        'injected',
        gzipSync(plain.replace('"name":"tokens"', '"name":"tokens; drop table packs"')),
        /otherwise than its schema/,
      ],
      ['altered', gzipSync(plain.replace(/"made_on":"20/, '"made_on":"19')), /checksum is wrong/],
      ['endless', gzipSync(plain.slice(0, plain.lastIndexOf('{"rows"'))), /cut short/],
      ['half', gzipSync(plain.slice(0, plain.indexOf('\n') + 3)), /cut short/],
      ['longer', gzipSync(`${plain}more\n`), /goes on behind its end/],
    ];
    for (const [name, bytes, says] of cases) {
      await assert.rejects(offer(name, bytes), /carries no proof of who wrote it.*--unauthenticated/, name);
      await assert.rejects(offer(name, bytes, '--unauthenticated'), says, name);
    }
    for (const [name, bytes] of [
      ['text', Buffer.from('hello')],
      ['other', gzipSync('{"a": 1}\n')],
    ] as const)
      await assert.rejects(offer(name, bytes, '--unauthenticated'), /is no backup of certpacks/, name);
    const turned = readFileSync(good);
    turned[turned.length - 20] = (turned.at(-20) ?? 0) ^ 1;
    await assert.rejects(offer('turned', turned), /was altered, or put together/);
    const short = readFileSync(good).subarray(0, -200);
    await assert.rejects(offer('short', short), /cut short/);
    await assert.rejects(cli(target, 'restore', join(dir, 'nowhere')), /there is no file/);
    await offer('whole', readFileSync(good)); // nothing of all that stayed
  },
);

test('a backup of an earlier version, without a proof, is restored by whoever says so', LIMIT, async (t) => {
  const dir = givenFolder(t);
  await cli(join(dir, 'source'), 'migrate');
  await cli(join(dir, 'source'), 'backup', join(dir, 'new.gz'));
  const old = join(dir, 'old.gz');
  writeFileSync(old, gzipSync(gunzipSync(readFileSync(join(dir, 'new.gz')))));
  const { stderr } = await cli(join(dir, 'target'), 'restore', old, '--unauthenticated');
  assert.match(stderr, /restored, without a check of who wrote it/);
});

test('a backup goes through a pipe', LIMIT, (t) => {
  const dir = givenFolder(t);
  const env = { ...process.env, CERTPACKS_DATABASE_URL: '' };
  const call = (data: string, args: readonly string[], input?: Buffer) =>
    spawnSync(process.execPath, [MAIN, ...args], {
      env: { ...env, CERTPACKS_DATA_DIR: join(dir, data) },
      input,
      timeout: 60_000,
    });
  assert.equal(call('a', ['migrate']).status, 0);
  const { stdout, status } = call('a', ['backup', '-']);
  assert.equal(status, 0);
  mkdirSync(join(dir, 'b'), { mode: 0o711 });
  copyFileSync(join(dir, 'a', 'kek'), join(dir, 'b', 'kek'));
  const turned = Buffer.from(stdout);
  turned[turned.length - 20] = (turned.at(-20) ?? 0) ^ 1;
  const refused = call('b', ['restore', '-'], turned);
  assert.deepEqual([refused.status, /was altered/.test(refused.stderr.toString())], [1, true]);
  assert.equal(call('b', ['restore', '-'], stdout).status, 0);
});

test(
  'a backup that cannot be written ends at once, with a sentence and nothing left behind',
  LIMIT,
  async (t) => {
    const dir = givenFolder(t);
    const nowhere = join(dir, 'nowhere', 'all.gz');
    await assert.rejects(
      cli(join(dir, 'a'), 'backup', nowhere),
      /nowhere\/all\.gz cannot be used \(ENOENT\)/,
    );
    const full = spawnSync('sh', ['-c', `"${process.execPath}" "${MAIN}" backup - > /dev/full`], {
      env: { ...process.env, CERTPACKS_DATA_DIR: join(dir, 'a'), CERTPACKS_DATABASE_URL: '' },
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.deepEqual(
      [full.status, /the standard output cannot be used \(ENOSPC\)/.test(full.stderr)],
      [1, true],
    );
  },
);
