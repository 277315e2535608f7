import type { ApiDeps, Pinned } from '../api/deps.ts';
import type { CaRow } from '../ca/ca.ts';
import type { EdgeRow } from '../edge/edge.ts';
import type { JobDeps } from '../job/job.ts';
import type { Clock } from '../kit/clock.ts';
import type { Options } from '../kit/config.ts';
import type { Log } from '../kit/log.ts';
import type { FencedPool } from '../store/fenced-pool.ts';

/** What a service is made from. */
export interface ServiceParts {
  readonly options: Options;
  /** Folder of the service's own files. */
  readonly dir: string;
  readonly pool: FencedPool;
  readonly clock: Clock;
  /** Whether the clock is the machine's own and has to agree with the database's; not one that is moved on at will. */
  readonly isClockWatched?: boolean;
  readonly log: Log;
  readonly rows: readonly CaRow[];
  readonly edges: readonly EdgeRow[];
  /** Who publishes validation records in customers' zones, by the zone's name; nobody unless told. */
  readonly publishers?: JobDeps['publishers'];
  /** What of a stand-in comes back whatever a client does to it. */
  readonly pin?: ((deps: ApiDeps) => Pinned) | undefined;
}
