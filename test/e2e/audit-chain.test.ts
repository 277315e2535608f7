/** The chains of the record, as the operator writes their heads down and checks them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Audited, givenAudited } from '../support/audited.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const ends = new AsyncDisposableStack();
let given: Audited;
let dir: string;
before(async () => {
  given = await givenAudited(ends);
  dir = mkdtempSync(join(tmpdir(), 'certpacks-heads-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
});
after(() => ends.disposeAsync());

const certpacks = (...args: string[]) =>
  spawnSync(process.execPath, [MAIN, ...args], { env: given.env, encoding: 'utf8', timeout: 60_000 });

it('writes the heads down, and finds all as it was', () => {
  const file = join(dir, 'heads');
  const wrote = certpacks('audit', 'heads', file);
  assert.equal(wrote.status, 0, wrote.stderr);
  assert.match(wrote.stderr, /^2 chains; keep /);
  const [first = '', ...rest] = readFileSync(file, 'utf8').trim().split('\n');
  assert.equal(JSON.parse(first).certpacks_audit_heads, 1);
  assert.deepEqual(JSON.parse(rest.at(-1) ?? ''), { end: true, chains: 2 });
  assert.equal(
    certpacks('audit', 'heads', '-').stdout.split('\n').slice(1).join('\n'),
    `${rest.join('\n')}\n`,
  );
  const checked = certpacks('audit', 'verify', '--heads', file);
  assert.deepEqual(
    [checked.status, checked.stdout],
    [0, `${given.records} records in 2 chains, 0 findings\n`],
  );
});

it('names what was altered and what was cut off, and ends with 1', async () => {
  const file = join(dir, 'kept');
  certpacks('audit', 'heads', file);
  const { zoneId, pool } = given;
  await pool.query(`update audit set actor = 'operator' where zone_id = $1 and chain_place = 2`, [zoneId]);
  await pool.query('delete from audit where zone_id = $1 and chain_place = 4', [zoneId]);
  await pool.query(
    `update zones set chain_place = 3, chain_hash = (select chain_hash from audit where zone_id = id and chain_place = 3) where id = $1`,
    [zoneId],
  );
  const without = certpacks('audit', 'verify');
  assert.deepEqual(
    [without.status, without.stdout.split('\n').slice(0, -2)],
    [1, [`${zoneId}: altered: record at place 2 says something else than when it was written`]],
  );
  const { status, stdout, stderr } = certpacks('audit', 'verify', '--heads', file);
  assert.equal(status, 1);
  assert.match(
    stdout,
    new RegExp(`^${zoneId}: cut: record at place 4 is not there: the end was cut off$`, 'm'),
  );
  assert.match(stderr, /^certpacks: the record is not as it was written$/m);
});

it('takes no file of heads that is not whole, or none at all', () => {
  const file = join(dir, 'short');
  certpacks('audit', 'heads', file);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  for (const [text, says] of [
    [lines.slice(0, -1).join('\n'), /is cut short/],
    [[lines[0], ...lines.slice(2)].join('\n'), /is not what/],
    [[lines[0], lines[2], lines[1], lines[3]].join('\n'), /is not what/],
    ['{}', /is not what/],
    ['', /is cut short/],
    [`${lines.join('\n')}\n{}`, /is not what/],
  ] as const) {
    writeFileSync(file, text);
    const { status, stderr } = certpacks('audit', 'verify', '--heads', file);
    assert.equal(status, 1, text);
    assert.match(stderr, says);
  }
  const gone = certpacks('audit', 'verify', '--heads', join(dir, 'nowhere'));
  assert.match(gone.stderr, /cannot be used \(ENOENT\)/);
  const nowhere = join(dir, 'no', 'folder');
  assert.match(certpacks('audit', 'heads', nowhere).stderr, /cannot be used \(ENOENT\)/);
  assert(!existsSync(nowhere));
});
