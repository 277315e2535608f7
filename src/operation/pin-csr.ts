import { toCsrTerms } from '../pack/custom-csr.ts';
import { OPERATOR } from '../store/audit.ts';
import { getCsr } from '../store/custom-csrs.ts';
import { type CsrDeps, createCsr } from './create-csr.ts';

/** A request of an account with an id that is known beforehand. */
export interface PinnedCsr {
  readonly accountId: string;
  readonly id: string;
  readonly hosts: readonly [string, ...string[]];
}

/** Has a request there under its own id, made anew where it was deleted. Throws as `createCsr`. */
export async function pinCsr(deps: CsrDeps, { accountId, id, hosts }: PinnedCsr): Promise<void> {
  if (await getCsr(deps.pool, { accountId, id })) return;
  const terms = toCsrTerms({ ...SUBJECT, common_name: hosts[0], sans: hosts });
  await createCsr(deps, { accountId, zoneId: undefined, id, terms, by: OPERATOR });
}

const SUBJECT = {
  country: 'US',
  state: 'California',
  locality: 'San Francisco',
  organization: 'Example, Inc.',
} as const;
