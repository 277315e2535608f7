import type { CaRow } from '../ca/ca.ts';
import { toCaRow } from '../ca/configuration.ts';
import type { EdgeRow } from '../edge/edge.ts';
import { systemClock } from '../kit/clock.ts';
import type { Options } from '../kit/config.ts';
import { Endings } from '../kit/endings.ts';
import type { Log } from '../kit/log.ts';
import { emailEnds } from '../pack/validity-limits.ts';
import { demandTls } from '../serve/addresses.ts';
import { type Database, openDatabase, otherwise } from '../serve/database.ts';
import { toPublishers } from '../serve/dns-publishers.ts';
import { toEdgeRows } from '../serve/edge-rows.ts';
import { edgeSocketOf } from '../serve/edge-socket.ts';
import { loadRegionKeys, regionsOpened, toRegions } from '../serve/regions.ts';
import { startService } from '../serve/service.ts';
import { asked, endNow, endWithin, placeFor, readSetting, type Setting } from './process.ts';

/** What may be said of the configuration where it is started. */
interface ServeWishes {
  /** The same as the option `insecure_http`. */
  readonly insecureHttp?: boolean;
}

/** `certpacks serve`: one process of the service, until it is asked to end. The process ends with it, whatever hangs. */
export async function serve({ insecureHttp = false }: ServeWishes): Promise<void> {
  const ending = asked();
  const { config, log } = readSetting();
  const { options } = config;
  endWithin(ending, options.stop_timeout_s, log);
  demandTls(insecureHttp ? { ...options, insecure_http: true } : options);
  const rows = configuredRows({ config, log });
  const edges = toEdgeRows(config.edges);
  const regions = toRegions(config.regions);
  const regionKeys = loadRegionKeys(options);
  warnOfLacks({ config, log }, rows, edges);
  const dir = placeFor(config, undefined, false);
  const database = await openDatabase(options, dir, log);
  try {
    const clock = systemClock();
    const publishers = toPublishers(config.dnsUpdates, clock);
    const own = { dir, pool: database.pool, clock, isClockWatched: true };
    const parts = { options, log, rows, edges, regions, regionKeys, publishers, ...own };
    const service = await startService(parts).catch((error: unknown) => {
      throw otherwise(error, database.newer);
    });
    const about = { database: database.description, edge_socket: edgeSocketOf(parts) };
    log.info(
      {
        api: service.api,
        dashboard: service.dashboard,
        ...about,
        cas: rows.map(({ name }) => name),
        regions: regionsOpened(regions, regionKeys),
      },
      'ready',
    );
    await ending;
    await service.stop();
  } finally {
    await stopDatabase(database, { options, log });
  }
  await endNow();
}

/** What is left of the time for the end is its. */
async function stopDatabase(
  { stop }: Database,
  { options, log }: { readonly options: Options; readonly log: Log },
): Promise<void> {
  const endings = new Endings(log, Math.max(options.stop_timeout_s * LAST_PART, 1));
  endings.defer('database', stop);
  await endings.end();
}

/** The part of the time for the end that the database has, beside that of the service. */
const LAST_PART = 0.1;

/** Says what a service without some part of it cannot do. */
function warnOfLacks({ config, log }: Setting, rows: readonly CaRow[], edges: readonly EdgeRow[]): void {
  const { options } = config;
  if (rows.length === 0) log.warn('no CA is configured, so every order is refused: certpacks ca add NAME');
  if (!edges.some(({ environment }) => environment === 'production'))
    log.warn('no production edge is configured ([[edges]]), so no pack becomes active');
  if (options.name_servers.length === 0)
    log.warn('no name server is configured (name_servers), so zones of type full cannot be validated');
}

const EMAIL_ENDS =
  `this CA is configured to validate by e-mail (email = true); public CAs end that on ${emailEnds.on} ` +
  '(Baseline Requirements, ballot SC-090), and packs that are validated so are not renewed by them from then on';

/** The CAs of the configuration file, with their warnings told. */
function configuredRows({ config, log }: Setting): CaRow[] {
  return Object.entries(config.ca).map(([name, table]) => {
    const { warning, ...row } = toCaRow(name, table);
    if (warning !== undefined) log.warn({ ca: name }, warning);
    if (row.validatesByEmail) log.warn({ ca: name }, EMAIL_ENDS);
    return row;
  });
}

/** `certpacks migrate`: the schema, and nothing else. */
export async function migrateOnly(): Promise<void> {
  const { config, log } = readSetting();
  const database = await openDatabase(config.options, placeFor(config, undefined, false), log);
  log.info({ database: database.description }, 'the schema is up to date');
  await database.stop();
}
