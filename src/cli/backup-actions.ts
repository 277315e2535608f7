/** What `certpacks backup` and `certpacks restore` do. */

import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { keyFinder, keyOfDatabase, newBackupKey } from '../serve/backup-key.ts';
import { openDatabase } from '../serve/database.ts';
import { type KekPlace, kekPlaceOf } from '../serve/kek.ts';
import { readBackup, writeBackup } from '../store/backup.ts';
import { framed, unframed } from '../store/backup-frames.ts';
import { migrate } from '../store/migrate.ts';
import { sizeOfTables } from '../store/statistics.ts';
import type { Pool } from '../store/store.ts';
import { tellLine } from './print.ts';
import { placeFor, readSetting } from './process.ts';
import { progressBar } from './progress-bar.ts';

const say = tellLine;
const tell = (table: string, rows: number): void => say(`${table.padEnd(20)} ${rows} rows`);

/** Rows that stream are no single answers: they come as slow as whoever takes them. */
const STREAMING = { pipeline: false, query_timeout: 0 };

/** Writes beside the file and moves it into its place when it is whole: what is there is a backup, always. */
export async function backup(file: string): Promise<void> {
  await withDatabase(true, async (pool, place) => {
    const key = newBackupKey(await keyOfDatabase(pool, place));
    const part = `${file}.part`;
    const content = new PassThrough();
    const counted = toldBytes(await sizeOfTables(pool));
    let written = Promise.resolve();
    try {
      const out = file === '-' ? unending(process.stdout) : await opened(part);
      written = pipeline(content, counted, (source) => framed(source, key), out);
      written.catch(() => content.destroy()); // thrown below
      await writeBackup(pool, content, systemClock().now(), tell);
      content.end();
      await written;
    } catch (error) {
      content.destroy();
      if (file !== '-') rmSync(part, { force: true });
      const why: unknown = await written.then(() => error).catch((fault: unknown) => fault);
      throw toFault(isOfSystem(why) ? why : error, file === '-' ? 'the standard output' : file);
    }
    if (file !== '-') renameSync(part, file);
    say(
      `the key-encryption key is not in it: keep a copy of ${nameOf(place)} apart from it; a restore asks for it`,
    );
  });
}

/** A file to write. Rejects where it cannot be made, before the database is asked for anything. */
async function opened(path: string): Promise<Writable> {
  const file = createWriteStream(path, { mode: 0o600, flush: true });
  await once(file, 'open');
  return file;
}

/** What may be said of a restore. */
export interface RestoreWishes {
  readonly unauthenticated?: boolean;
}

export async function restore(file: string, { unauthenticated = false }: RestoreWishes): Promise<void> {
  if (file !== '-' && !existsSync(file)) throw new Fault('configuration', `there is no file ${file}`);
  await withDatabase(false, async (pool, place) => {
    const findKey = unauthenticated ? undefined : keyFinder(place);
    try {
      // All of a file is checked before the database is touched; of a stream, each piece before it is.
      if (file !== '-' && findKey) await checkAll(unframed(readTold(file), findKey));
      const source = file === '-' ? process.stdin : readTold(file);
      await readBackup(pool, Readable.from(unframed(source, findKey)), tell);
    } catch (error) {
      throw toFault(error, file);
    }
    await migrate(pool);
    say(
      unauthenticated
        ? `restored, without a check of who wrote it; put the key-encryption key at ${nameOf(place)} before the service is started`
        : 'restored; end every service that runs on the database it is a copy of, before one is started on this one',
    );
  });
}

/** Passes on what is written, and tells a person how far it is: of about so many bytes. */
const toldBytes = (all: number) =>
  async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const bar = progressBar({ all: all / MEGA, unit: 'MB', isForTerminals: true });
    let bytes = 0;
    for await (const piece of source) {
      bytes += piece.length;
      // As text rows take more room or less than in tables: the end is told when it has come.
      bar(Math.min(bytes, all * ALMOST) / MEGA);
      yield piece;
    }
    bar(all / MEGA);
  };

/** The bytes of a file. */
function readTold(file: string): Readable {
  return Readable.from(toldBytes(statSync(file).size)(createReadStream(file)));
}

const MEGA = 1e6;
const ALMOST = 0.99;

async function checkAll(content: AsyncIterable<Buffer>): Promise<void> {
  let bytes = 0;
  for await (const { length } of content) bytes += length;
  say(`checked              ${bytes} bytes are as they were written`);
}

/** Runs work with the configured database, brought up to date or as it is; told where its key is. */
async function withDatabase(
  isMigrated: boolean,
  work: (pool: Pool, place: KekPlace) => Promise<void>,
): Promise<void> {
  const { config, log } = readSetting(true);
  const dir = placeFor(config, undefined, false);
  const database = await openDatabase(config.options, dir, log, { isMigrated, pool: STREAMING });
  try {
    await work(database.pool, kekPlaceOf(config.options, dir));
  } finally {
    await database.stop();
  }
}

const nameOf = ({ kek, file }: KekPlace): string => (kek === '' ? file : 'the option kek');

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
