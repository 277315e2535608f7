import { advance } from '../../src/operation/advance.ts';
import { lifeWork } from '../../src/operation/work.ts';
import { autocommit } from '../../src/store/store.ts';
import { packOf, type TestJobDeps } from './job-deps.ts';

/** Moves a pack one status on, as the job of that status would: no CA, DNS or edge is asked. */
export async function moveOn(deps: TestJobDeps, id: string): Promise<void> {
  const pack = await packOf(deps, id);
  await autocommit(deps.pool, pack.zone.id, (db) => advance(db, deps, lifeWork(pack), { event: 'done' }));
}
