import { createFirstToken } from '../../src/operation/create-first-token.ts';
import type { Pool } from '../../src/store/store.ts';
import { plainEnvironment } from './commands.ts';
import { givenPack, givenZone, startJobDeps } from './job-deps.ts';
import { moveOn } from './moving.ts';

/** A database with a record, and the environment of commands that work on it. */
export interface Audited {
  readonly env: NodeJS.ProcessEnv;
  readonly pool: Pool;
  readonly zoneId: string;
  /** How many records there are: four of the zone, and one of its account. */
  readonly records: number;
}

/** A zone with a pack that went through three statuses, in an account with a token. */
export async function givenAudited(ends: AsyncDisposableStack): Promise<Audited> {
  const jobs = await startJobDeps(ends);
  const { host = '', port = 0, user = '', password, database = '' } = jobs.pool.options;
  const place = `host=${encodeURIComponent(host)}&port=${port}&sslmode=disable`;
  const url = `postgres://${user}:${encodeURIComponent(String(password))}@localhost/${database}?${place}`;
  const zone = await givenZone(jobs, 'audited.test');
  const id = await givenPack(jobs, zone);
  for (let i = 0; i < 3; i++) await moveOn(jobs, id);
  await createFirstToken(jobs, { id: zone.accountId, name: zone.name });
  return {
    env: { ...plainEnvironment(), CERTPACKS_DATABASE_URL: url },
    pool: jobs.pool,
    zoneId: zone.id,
    records: 5,
  };
}
