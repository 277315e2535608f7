import { createEdge } from '../../../src/operation/create-edge.ts';
import { OPERATOR } from '../../../src/store/audit.ts';
import type { TestJobDeps } from '../job-deps.ts';

/** An edge of an account that waits for its agent; its id. */
export async function edgeIn(jobs: TestJobDeps, accountId: string): Promise<string> {
  const terms = { name: 'theirs', kind: 'nginx', environment: 'production' } as const;
  const asked = { ...terms, address: undefined, location: undefined };
  return (await createEdge(jobs, accountId, asked, OPERATOR)).edge.id;
}
