/** `certpacks keyless` as a person types it, against the API. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { promisify } from 'node:util';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { MAIN } from '../support/commands.ts';
import { make, pemOf } from '../support/pki.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
let dir: string;
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, ['shop.test']);
  dir = mkdtempSync(join(tmpdir(), 'certpacks-keyless-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
});
after(() => ends.disposeAsync());

const keyless = (...args: string[]) =>
  promisify(execFile)(process.execPath, [MAIN, 'keyless', ...args, '--zone', 'shop.test', '--api', api.url], {
    env: { PATH: process.env['PATH'] ?? '', CERTPACKS_TOKEN: owner.token },
    timeout: 90_000,
  });

it('one is added, shown with what its pack says, listed, changed and deleted', async () => {
  const file = join(dir, 'cert.pem');
  writeFileSync(file, (await make(api.jobs.clock.now(), { hosts: ['www.shop.test'] })).pem);
  const place = ['--host', 'pkcs11:token=edge;object=shop', '--name', 'shop', '--bundle', 'force'];
  const added = JSON.parse((await keyless('add', file, ...place, '--json')).stdout);
  assert.deepEqual([added.name, added.host, added.port], ['shop', 'pkcs11:token=edge;object=shop', 24_008]);
  const { id } = added;
  assert.match(
    (await keyless('show', id)).stdout,
    /^ID +NAME +HOST +PORT +DEPLOY +PACK_STATUS +HOSTS +ERRORS\n.* shop +pkcs11:token=edge;object=shop +24008 +production +pending_deployment +www\.shop\.test/,
  );
  const changed = JSON.parse(
    (
      await keyless(
        'change',
        id,
        '--host',
        'keys.test',
        '--port',
        '2407',
        '--deploy',
        'staging',
        '--geo',
        'eu',
        '--json',
      )
    ).stdout,
  );
  assert.deepEqual([changed.deploy, changed.geo_restrictions], ['staging', { label: 'eu' }]);
  assert.deepEqual([changed.name, changed.host, changed.port], ['shop', 'keys.test', 2_407]);
  const why = 'www.shop.test: the key server says no; see to it.';
  await api.jobs.pool.query('update packs set validation_errors = $1 where id = $2', [
    JSON.stringify([why]),
    id,
  ]);
  assert.match(
    (await keyless('list')).stdout,
    new RegExp(`^ID .*\\n${id} +shop +keys\\.test +2407 +staging +staging_deployment +${why}`),
  );
  assert.match((await keyless('delete', id)).stdout, new RegExp(`^ID *\\n${id} *\\n$`));
});

it('what is wrong is said in a sentence, and a key is not told', async () => {
  const made = await make(api.jobs.clock.now(), { hosts: ['www.shop.test'] });
  const file = join(dir, 'both.pem');
  writeFileSync(file, made.pem + pemOf(made), { mode: 0o600 });
  for (const [args, why] of [
    [['add', '/nowhere/cert.pem', '--host', 'keys.test'], /\/nowhere\/cert\.pem cannot be read \(ENOENT\)/],
    [['add', file], /--host/],
    [['add', file, '--host', 'a b', '--bundle', 'force'], /host is the name or address of a key server/],
    [['show', '00000000-0000-4000-8000-000000000000'], /00000000-0000-4000-8000-000000000000/],
  ] as const)
    await assert.rejects(keyless(...args), (error: Error) => {
      assert.match(error.message, why);
      assert.doesNotMatch(error.message, /PRIVATE KEY-----/);
      return true;
    });
});
