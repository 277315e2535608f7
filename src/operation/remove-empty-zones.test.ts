import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { OPERATOR } from '../store/audit.ts';
import { deleteZone } from './delete-zone.ts';
import { removeEmptyZones } from './remove-empty-zones.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

test('a zone stays until what it showed to CAs is on its way to be given up', async () => {
  const zone = await givenZone(deps, 'empty.test');
  await deleteZone(deps, zone, OPERATOR);
  await deps.pool.query(`
    insert into authorizations (cell, zone_id, url, ca, tenant, is_rsa_directory, name, until)
    select cell, id, 'https://ca.test/authz/1', 'lets_encrypt', '', false, name, 'infinity' from zones`);
  await deps.pool.query(`alter table authorizations add constraint refused check (due_on is null)`);
  await assert.rejects(removeEmptyZones(deps));
  const { rows } = await deps.pool.query('select from zones where id = $1', [zone.id]);
  assert.equal(rows.length, 1);

  await deps.pool.query('alter table authorizations drop constraint refused');
  await removeEmptyZones(deps);
  const left = await deps.pool.query('select due_on is not null as is_due from authorizations');
  assert.deepEqual(left.rows, [{ is_due: true }]);
  assert.equal((await deps.pool.query('select from zones where id = $1', [zone.id])).rowCount, 0);
});
