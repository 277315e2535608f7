/** `certpacks backup` and `certpacks restore`: the whole database in one file. */

import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Command } from 'commander';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { openDatabase } from '../serve/database.ts';
import { kekPlaceOf } from '../serve/kek.ts';
import { readBackup, writeBackup } from '../store/backup.ts';
import { migrate } from '../store/migrate.ts';
import type { Pool } from '../store/store.ts';
import { tellLine } from './print.ts';
import { placeFor, readSetting } from './process.ts';

/** Adds the commands. */
export function addBackup(certpacks: Command): void {
  certpacks
    .command('backup')
    .description(
      'write the whole database to a file, while services run; the key-encryption key is not in it',
    )
    .argument('<file>', 'file to write, or - for the standard output')
    .action(backup);
  certpacks
    .command('restore')
    .description('fill an empty database from a file that `backup` wrote')
    .argument('<file>', 'file to read, or - for the standard input')
    .action(restore);
}

const say = tellLine;
const tell = (table: string, rows: number): void => say(`${table.padEnd(20)} ${rows} rows`);

/** Little is won by more. */
const COMPRESSION = { level: 3 };

/** Rows that stream are no single answers: they come as slow as whoever takes them. */
const STREAMING = { pipeline: false, query_timeout: 0 };

/** Writes beside the file and moves it into its place when it is whole: what is there is a backup, always. */
async function backup(file: string): Promise<void> {
  await withDatabase(true, async (pool, key) => {
    const part = `${file}.part`;
    const zip = createGzip(COMPRESSION);
    let written = Promise.resolve();
    try {
      written = pipeline(zip, file === '-' ? unending(process.stdout) : await opened(part));
      written.catch(() => zip.destroy()); // thrown below
      await writeBackup(pool, zip, systemClock().now(), tell);
      zip.end();
      await written;
    } catch (error) {
      zip.destroy();
      if (file !== '-') rmSync(part, { force: true });
      const why: unknown = await written.then(() => error).catch((fault: unknown) => fault);
      throw toFault(isOfSystem(why) ? why : error, file === '-' ? 'the standard output' : file);
    }
    if (file !== '-') renameSync(part, file);
    say(`the key-encryption key is not in it: keep a copy of ${key} apart from it`);
  });
}

/** A file to write. Rejects where it cannot be made, before the database is asked for anything. */
async function opened(path: string): Promise<Writable> {
  const file = createWriteStream(path, { mode: 0o600, flush: true });
  await once(file, 'open');
  return file;
}

async function restore(file: string): Promise<void> {
  if (file !== '-' && !existsSync(file)) throw new Fault('configuration', `there is no file ${file}`);
  await withDatabase(false, async (pool, key) => {
    const source: Readable = file === '-' ? process.stdin : createReadStream(file);
    const unzipped = createGunzip();
    unzipped.on('error', () => undefined); // thrown by the reader below, who may be busy just now
    const read = pipeline(source, unzipped);
    read.catch(() => undefined); // the reader of `unzipped` sees it
    await readBackup(pool, unzipped, tell).catch((error: unknown) => {
      throw toFault(error, file);
    });
    await migrate(pool);
    say(`restored; put the key-encryption key at ${key} before the service is started`);
  });
}

/** Runs work with the configured database, brought up to date or as it is; told where the key belongs. */
async function withDatabase(
  isMigrated: boolean,
  work: (pool: Pool, key: string) => Promise<void>,
): Promise<void> {
  const { config, log } = readSetting(true);
  const dir = placeFor(config, undefined, false);
  const database = await openDatabase(config.options, dir, log, { isMigrated, pool: STREAMING });
  try {
    const { kek, file } = kekPlaceOf(config.options, dir);
    await work(database.pool, kek === '' ? file : 'the option kek');
  } finally {
    await database.stop();
  }
}

/** What goes wrong with files and compression is told in words; the rest as it is. */
function toFault(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('Z_'))
    return new Fault('configuration', `${file} is no backup, or is cut short (${code})`, { cause: error });
  if (isOfSystem(error))
    return new Fault('configuration', `${file} cannot be used (${code})`, { cause: error });
  return error;
}

/** Whether an error is the operating system's: no such folder, no space, nobody who reads. */
const isOfSystem = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code));

/** A stream that passes on to another and does not end it. */
function unending(to: NodeJS.WritableStream): Writable {
  // Told by the callback of what was written; unheard it would end the process.
  to.on('error', () => undefined);
  return new Writable({ write: (chunk: Buffer, _, done) => void to.write(chunk, done) });
}
