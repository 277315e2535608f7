/** Packs that are deployed to a real HAProxy and a real nginx, each of which goes wrong meanwhile, as their agents do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { haproxyNeeds } from '../support/edge/given-haproxy.ts';
import { nginxNeeds } from '../support/edge/given-nginx.ts';
import { deployWithFaults } from '../support/edge-faults/deployments.ts';

for (const [make, needs] of [
  ['haproxy', haproxyNeeds()],
  ['nginx', nginxNeeds()],
] as const)
  test(`no pack is active that ${make} does not show, whatever is killed, stands still or is planted; all come to be shown`, {
    ...needs,
    timeout: 590_000,
  }, async (t) => {
    const faults = ['edge_down', 'frozen', 'agent_killed', 'killed_between', 'wrong_file'];
    const plan = { deployments: 15, atOnce: 3, seconds: 180, makes: [make], faults, seed: 1, plants: 1 };
    const { why, lost, planted, deployments } = await deployWithFaults(plan, (said) => t.diagnostic(said));
    assert.deepEqual([why, lost, deployments], [[], 0, deployments]);
    assert(
      Object.values(planted).every((seconds) => seconds <= 60),
      JSON.stringify(planted),
    );
  });
