import type { ApiDeps, Pinned } from '../api/deps.ts';
import type { CaRow } from '../ca/ca.ts';
import type { EdgeRow } from '../edge/edge.ts';
import type { JobDeps } from '../job/job.ts';
import type { Region, RegionKeys } from '../key/region-key.ts';
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
  /** The regions to which keys can be restricted; none unless told. */
  readonly regions?: readonly Region[] | undefined;
  /** Private keys of regions that this process has; none unless told. */
  readonly regionKeys?: RegionKeys | undefined;
  /** Who publishes validation records in customers' zones, by the zone's name; nobody unless told. */
  readonly publishers?: JobDeps['publishers'];
  /** Roots in PEM by which uploads are trusted beside those that the options say; none unless told. */
  readonly uploadRoots?: readonly string[];
  /** What of a stand-in comes back whatever a client does to it. */
  readonly pin?: ((deps: ApiDeps) => Pinned) | undefined;
}
