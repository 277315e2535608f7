import { deployWithFaults, type FaultsResult } from '../test/support/edge-faults/deployments.ts';

/** How much is deployed, and for how long. */
export interface FaultsNumbers {
  readonly deployments: number;
  readonly seconds: number;
  readonly parallel: number;
  readonly plants: number;
  readonly seed: number;
}

/** Deploys packs to a HAProxy, an nginx and a bundled edge, each of which goes wrong in turn, then plants certificates by hand. */
export const faultsBench = (
  { parallel: atOnce, ...numbers }: FaultsNumbers,
  say: (what: string) => void,
): Promise<FaultsResult> =>
  deployWithFaults({ ...numbers, atOnce, makes: ['haproxy', 'nginx', 'bundled'] }, say);
