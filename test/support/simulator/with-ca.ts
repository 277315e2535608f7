import { createHash } from 'node:crypto';
import type { Ca, CaRow } from '../../../src/ca/ca.ts';
import { createCa } from '../../../src/ca/registry.ts';
import type { Seconds } from '../../../src/kit/time.ts';
import type { CaMail } from '../../../src/simulator/ca/context.ts';
import type { TestJobDeps } from '../job-deps.ts';
import { memoryAccounts } from '../memory-accounts.ts';
import { simulatedCa, type TestCa, type TestRule } from './simulated-ca.ts';
import type { After } from './world.ts';

/** What of the CA is not as usual. */
export interface WithCaOptions {
  /** How it goes wrong. */
  readonly rules?: readonly TestRule[];
  readonly row?: Partial<CaRow>;
  /** Steps of ours, where a test is of what no CA can bring about. */
  readonly steps?: Partial<Ca>;
  /** How the CA sends mail; it does not unless told. */
  readonly mail?: CaMail;
  /** Longest time of one exchange with it. */
  readonly within?: Seconds;
}

/** What jobs are given, with a simulated CA that lives in their time. */
export interface WithCa {
  readonly at: TestJobDeps;
  readonly ca: TestCa;
}

/** Adds a simulated Let's Encrypt, without its limits, to what jobs are given. It ends with the test. */
export async function withCa(t: After, deps: TestJobDeps, options: WithCaOptions = {}): Promise<WithCa> {
  const { rules = [], steps, within, mail } = options;
  const ca = await simulatedCa(t, { clock: deps.clock, ...(mail && { mail }) });
  ca.script(...rules);
  const row = { ...ca.row, ...options.row };
  const caDeps = { accounts: memoryAccounts(), clock: deps.clock, ...(within !== undefined && { within }) };
  const cas = new Map([[row.name, { ...createCa(row, caDeps), ...steps }]]);
  return { at: { ...deps, cas }, ca };
}

/** An order that the CA made, and the TXT values that show control for it (RFC 8555 8.4). */
export interface MadeOrder {
  readonly url: string;
  readonly values: readonly string[];
}

/** Every order that the CA made, in order. */
export function ordersAt({ server: { ledger, directory } }: TestCa): MadeOrder[] {
  return [...ledger.orders.values()].map(({ id, accountId, authorizationIds }) => {
    const thumbprint = ledger.accounts.get(accountId)?.thumbprint;
    const tokens = authorizationIds.map((one) => ledger.authorizations.get(one)?.challenge.token);
    const values = tokens.map((token) =>
      createHash('sha256').update(`${token}.${thumbprint}`).digest('base64url'),
    );
    return { url: new URL(`/acme/order/${id}`, directory).href, values };
  });
}
