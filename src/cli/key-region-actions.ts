/** What `certpacks key region` and its like do. */
import { resealRegions } from '../operation/reseal-regions.ts';
import { openDatabase } from '../serve/database.ts';
import { loadRegionKeys, regionKeyIdsOf, toRegions, writeRegionKey } from '../serve/regions.ts';
import { countRegionKeys } from '../store/region-keys.ts';
import type { Pool } from '../store/store.ts';
import { printLine, tellLine } from './print.ts';
import { placeFor, readSetting, type Setting } from './process.ts';

interface RegionOptions {
  readonly file: string;
  readonly region?: string;
  readonly country?: string;
  readonly highestSecurity?: boolean;
}

function make(name: string, { file, region, country, highestSecurity }: RegionOptions): void {
  const table = {
    name,
    ...(region !== undefined && { region: region.split(/[\s,]+/).filter(Boolean) }),
    ...(country !== undefined && { country }),
    ...(highestSecurity && { highest_security: true }),
  };
  // What cannot be configured is refused before there is a file.
  const [checked] = toRegions([{ ...table, public_key: Buffer.alloc(32).toString('base64') }]);
  const publicKey = writeRegionKey(file);
  printLine(
    `# ${file} has the private key: name it in region_key_files on machines of ${checked?.name} alone,`,
  );
  printLine('# and keep a copy there. This table is for the configuration of every machine.');
  printLine('[[regions]]');
  for (const [option, value] of Object.entries(table)) printLine(`${option} = ${JSON.stringify(value)}`);
  printLine(`public_key = "${publicKey.toString('base64')}"`);
}

type Ground = Setting & { readonly pool: Pool };

async function withDatabase(work: (ground: Ground) => Promise<void>): Promise<void> {
  const { config, log } = readSetting(true);
  const database = await openDatabase(config.options, placeFor(config, undefined, false), log);
  try {
    await work({ config, log, pool: database.pool });
  } finally {
    await database.stop();
  }
}

async function list({ config, pool }: Ground): Promise<void> {
  const regions = toRegions(config.regions);
  const { ids } = loadRegionKeys(config.options);
  const counts = await countRegionKeys(pool);
  const present = regionKeyIdsOf(regions);
  const known = counts.map(({ region, keyId }) => `${region} ${keyId}`);
  const empty = [...present].filter(([name, id]) => !known.includes(`${name} ${id}`));
  const rows = [...counts, ...empty.map(([region, keyId]) => ({ region, keyId, n: 0 }))];
  for (const { region, keyId, n } of rows) {
    const seals =
      present.get(region) === keyId ? 'seals' : 'earlier key or region: `certpacks key reseal` there';
    printLine(`${region}  ${keyId}  ${n} sealed  ${seals}${ids.includes(keyId) ? ', opens here' : ''}`);
  }
  if (rows.length === 0) printLine('no region is configured ([[regions]])');
}

async function reseal({ config, pool }: Ground): Promise<void> {
  const regions = toRegions(config.regions);
  const regionKeys = loadRegionKeys(config.options);
  const { done, outOfReach } = await resealRegions({ pool, regions, regionKeys }, (n) =>
    tellLine(`${n} sealed anew`),
  );
  printLine(`${done} certificates have their keys sealed to the present regions`);
  if (outOfReach > 0)
    printLine(`${outOfReach} others do not open here: run this in a region that they are sealed to`);
}

/** The actions. All throw `configuration` where the regions of the configuration are not as they are to be. */
export const REGION_KEY_ACTIONS = {
  make,
  list: () => withDatabase(list),
  reseal: () => withDatabase(reseal),
} as const;
