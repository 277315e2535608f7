import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { newHexId } from '../kit/id.ts';
import { isGranted, PERMISSION_NAMES, policyFor, zonesWith } from '../pack/permission.ts';
import { createAccount } from './accounts.ts';
import { transaction } from './store.ts';
import { toToken } from './token-row.ts';
import { createToken, getTokenNamed, insertToken, newSecret } from './tokens.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

const MIGRATION = readFileSync(new URL('./migrations/0014_tokens.sql', import.meta.url), 'utf8');

it('a token of before there were policies may afterwards what it could, and nothing else', async () => {
  const zones = ['a'.repeat(32), 'b'.repeat(32)];
  const rows = await transaction(deps.pool, async (tx) => {
    await tx.query(`create schema old; set local search_path to old;
      create table tokens (id text, account_id text, access text, zones text[]);
      insert into tokens select access || coalesce(zones[1], ''), 'x', access, zones
        from unnest(array['read', 'certificates', 'write']) as access,
             (values (null::text[]), (array['${zones.join("','")}'])) as z (zones)`);
    await tx.query(MIGRATION);
    return (
      await tx.query<{ id: string; policies: string }>('select id, policies::text from tokens order by id')
    ).rows;
  });
  assert.equal(rows.length, 6);
  for (const { id, policies } of rows) {
    const access = (['read', 'certificates', 'write'] as const).find((one) => id.startsWith(one));
    const token = toToken({ id, account_id: 'x', name: id, policies, request_ip: null });
    const expected = [policyFor('', access ?? 'read', id === access ? undefined : zones)];
    // What came later, nobody could before.
    for (const name of PERMISSION_NAMES.filter((one) => !/^(?:DNS|Notifications) /.test(one))) {
      assert.equal(isGranted(token.policies, name), isGranted(expected, name), `${id} ${name}`);
      assert.deepEqual(zonesWith(token.policies, name), zonesWith(expected, name), `${id} ${name}`);
    }
    assert.deepEqual(zonesWith(token.policies, 'DNS Read'), []);
  }
});

it('a permission of a later version gives nothing here', async () => {
  const { id: accountId } = await createAccount(deps.pool, 'later', deps.clock.now());
  const policy = policyFor(newHexId(), 'read');
  const later: unknown = {
    ...policy,
    permissions: [...policy.permissions, 'Everything Write', 'constructor'],
  };
  await createToken(deps.pool, { accountId, name: 'later', access: 'read' }, deps.clock.now());
  await deps.pool.query('update tokens set policies = $2 where account_id = $1', [
    accountId,
    JSON.stringify([later]),
  ]);
  const token = await getTokenNamed(deps.pool, accountId, 'later');
  assert.deepEqual(token?.policies, [policy]);
});

it('a secret stands in no row', async () => {
  const { id: accountId } = await createAccount(deps.pool, 'secret', deps.clock.now());
  const secret = newSecret();
  const policies = [policyFor(newHexId(), 'read')];
  await insertToken(deps.pool, { accountId, name: 'x', policies }, secret, deps.clock.now());
  const { rows } = await deps.pool.query<{ row: string }>(
    'select tokens::text as row from tokens where account_id = $1',
    [accountId],
  );
  assert(!rows[0]?.row.includes(secret) && !rows[0]?.row.includes(Buffer.from(secret).toString('hex')));
});
