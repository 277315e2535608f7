import assert from 'node:assert/strict';
import { it } from 'node:test';
import { cycleBench } from '../support/cycle.ts';

it('zones, DNS records and packs that are made, replaced and destroyed are read as they were sent, and at last not at all', async (t) => {
  const said: string[] = [];
  const told = await cycleBench({ cycles: 3, parallel: 3 }, (what) => said.push(what));
  t.diagnostic(JSON.stringify(told));
  const { differences, flickers, odd, made } = told;
  assert.deepEqual({ differences, flickers, odd }, { differences: 0, flickers: 0, odd: 0 }, said.join('\n'));
  assert.equal(made, 3 * 10);
});
