import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenAccount, type TestAccount } from '../../test/support/api.ts';
import { startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { Gate } from './gate.ts';
import { Reader } from './protocol/reader.ts';

let deps: TestJobDeps;
let account: TestAccount;
let gate: Gate;
const ends = new AsyncDisposableStack();
before(async () => {
  deps = await startJobDeps(ends);
  account = await givenAccount(deps, ['gate.test']);
  const reader = new Reader(deps.pool, 1);
  ends.defer(() => reader.close());
  gate = new Gate(reader, deps.clock);
});
after(() => ends.disposeAsync());

it('the gate tells requests apart that it asks for together, those of no zone among them', async () => {
  const zoneId = account.zones[0]?.id ?? '';
  const passages = await Promise.all([
    gate.pass(account.token, zoneId),
    gate.pass(account.token, ''),
    gate.pass('cp_unknown', zoneId),
    gate.pass(account.token, '0'.repeat(32)),
    gate.pass(account.token, zoneId),
  ]);
  const seen = passages.map(({ token, version }) => [token?.accountId === account.id, version !== undefined]);
  assert.deepEqual(seen, [
    [true, true],
    [true, false],
    [false, false],
    [true, false],
    [true, true],
  ]);
});
