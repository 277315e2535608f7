/** The regions of the configuration file: their public keys, which every process knows, and the private keys that this one has. */
import type { KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Region, RegionKeys, regionKeyId } from '../key/region-key.ts';
import { type Options, REGION_OPTIONS } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { newKeyPair, PUBLIC_KEY_LENGTH, privateKeyIn, rawPublicKey } from '../kit/hpke.ts';
import { contradictionIn, countryOf, type Location, REGION_CODES, regionOf } from '../pack/region.ts';
import { sync } from '../postgres/folders.ts';

type Refuse = (why: string) => never;
type Given = Readonly<Record<string, unknown>>;

/** The regions. Throws `configuration` that names the region and the option at fault. */
export function toRegions(tables: readonly unknown[]): Region[] {
  const regions = tables.map(toRegion);
  const twice = regions.find(({ name }, i) => regions.findIndex((one) => one.name === name) !== i);
  if (twice) throw new Fault('configuration', `two regions are named ${twice.name}`);
  const shared = regions.find(
    ({ publicKey }, i) => regions.findIndex((one) => one.publicKey.equals(publicKey)) !== i,
  );
  if (!shared) return regions;
  throw new Fault('configuration', `region ${shared.name}: another region has the same public key`);
}

function toRegion(table: unknown, i: number): Region {
  const refuse: Refuse = (why) => {
    throw new Fault('configuration', `regions[${i}]: ${why}`);
  };
  if (typeof table !== 'object' || table === null) return refuse('must be a table');
  const given: Given = { ...table };
  const unknown = Object.keys(given).find((key) => !(key in REGION_OPTIONS));
  if (unknown !== undefined) refuse(`unknown option '${unknown}'`);
  const { name, public_key: key } = given;
  if (typeof name !== 'string' || name === '') return refuse("'name' must be text");
  const publicKey = Buffer.from(typeof key === 'string' ? key : '', 'base64');
  if (publicKey.length !== PUBLIC_KEY_LENGTH)
    refuse("'public_key' must be 32 bytes in base64, as `certpacks key region` prints it");
  const location = toLocation(given, refuse);
  return location
    ? { name, location, publicKey }
    : refuse("it needs 'region', 'country' or 'highest_security'");
}

/** Where an edge or a region is said to be; undefined where nothing is. */
export function toLocation(given: Given, refuse: Refuse): Location | undefined {
  const { region, country, highest_security: highest } = given;
  if (region === undefined && country === undefined && highest === undefined) return undefined;
  if (highest !== undefined && typeof highest !== 'boolean')
    refuse("'highest_security' must be true or false");
  const location = {
    regions: regionsIn(region, refuse),
    country: countryIn(country, refuse),
    isHighestSecurity: highest === true,
  };
  const why = contradictionIn(location);
  return why === undefined ? location : refuse(why);
}

function regionsIn(given: unknown, refuse: Refuse): Location['regions'] {
  if (given === undefined) return [];
  const all: readonly unknown[] =
    typeof given === 'string' ? given.split(/[\s,]+/) : Array.isArray(given) ? given : [given];
  const codes = all.map((one) => (typeof one === 'string' ? regionOf(one) : undefined));
  const known = codes.filter((code) => code !== undefined);
  return known.length === codes.length
    ? known
    : refuse(`'region' must be one or more of ${REGION_CODES.join(', ')}`);
}

function countryIn(given: unknown, refuse: Refuse): string | undefined {
  if (given === undefined) return undefined;
  const country = typeof given === 'string' ? countryOf(given) : undefined;
  return country ?? refuse("'country' must be two letters (ISO 3166)");
}

/** The private keys of this process. Throws `configuration` for a file that others may read, or that is no such key. */
export const loadRegionKeys = ({ region_key_files: files }: Pick<Options, 'region_key_files'>): RegionKeys =>
  new RegionKeys(files.map(readRegionKey));

function readRegionKey(file: string): KeyObject {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw new Fault('configuration', `region_key_files: ${file} is not there`);
  if ((found.mode & 0o077) !== 0)
    throw new Fault('configuration', `region_key_files: ${file} can be read by others; make it mode 600`);
  try {
    return privateKeyIn(readFileSync(file, 'utf8'));
  } catch {
    // Nothing of what was wrong: it may tell of the key.
    throw new Fault(
      'configuration',
      `region_key_files: ${file} is no private key of a region; \`certpacks key region\` makes one`,
    );
  }
}

/** The public key of the private one in a file. Throws as `loadRegionKeys`. */
export const readPublicKey = (file: string): Buffer => rawPublicKey(readRegionKey(file));

/**
 * Makes a key pair, and writes its private key to a new file of mode 600; the public key. Throws `configuration` where there is a
 * file already, or it cannot be written.
 */
export function writeRegionKey(file: string): Buffer {
  const key = newKeyPair();
  const text = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  try {
    const to = openSync(file, 'wx', 0o600);
    try {
      writeSync(to, text);
      fsyncSync(to);
    } finally {
      closeSync(to);
    }
    sync(dirname(file));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const why = code === 'EEXIST' ? 'is there already: name a new file' : `cannot be written (${code})`;
    throw new Fault('configuration', `${file} ${why}`, { cause });
  }
  return rawPublicKey(key);
}

/** Ids of the present key pairs, by the regions' names. */
export const regionKeyIdsOf = (regions: readonly Region[]): Map<string, string> =>
  new Map(regions.map(({ name, publicKey }) => [name, regionKeyId(publicKey)]));

/** Names of the regions whose private key, or an earlier one, is there; keys that no region has are told by their ids. */
export function regionsOpened(regions: readonly Region[], { ids }: RegionKeys): string[] {
  return ids.map((id) => regions.find(({ publicKey }) => regionKeyId(publicKey) === id)?.name ?? `key ${id}`);
}
