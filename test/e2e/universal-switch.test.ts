import assert from 'node:assert/strict';
import { it } from 'node:test';
import { switchBench } from '../support/universal-switch.ts';

it('Universal goes off and on under handshakes: none shows another certificate, one from before, or none while it is on', async (t) => {
  const told = await switchBench({ switches: 6, edges: 2, clients: 3 }, () => undefined);
  t.diagnostic(JSON.stringify(told));
  const { renewals, strange, older, late, missing } = told;
  assert.deepEqual(
    { renewals, strange, older, late, missing },
    { renewals: 1, strange: 0, older: 0, late: 0, missing: 0 },
  );
  assert(told.served >= 50 && told.handshakes - told.served >= 50, JSON.stringify(told));
});
