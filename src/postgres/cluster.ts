import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../kit/fault.ts';
import { cannotRun, type Programs } from './binaries.ts';
import { isFilled, makeOnce } from './folders.ts';
import type { Layout } from './layout.ts';
import { lastLines, openOutput } from './output.ts';
import { scramVerifier } from './password.ts';
import type { Runner } from './runner.ts';

/** Name of the role and of its database. */
export const NAME = 'certpacks';

/** Major version of the programs: a data folder of another one cannot be opened by them. */
const MAJOR = '18';

/** All that a database is made and run with. */
export interface Means {
  readonly layout: Layout;
  readonly programs: Programs;
  readonly runner: Runner;
  readonly password: string;
}

/**
 * Makes the data folder when it is missing. A making that was killed half way leaves nothing that a later one
 * would take for a database. Throws `configuration` for a folder that holds something else.
 */
export async function makeCluster(means: Means): Promise<void> {
  if (hasCluster(means.layout.cluster)) return;
  await makeOnce(means.layout.cluster, async (attempt) => {
    const [data, verifier] = [join(attempt, 'data'), join(attempt, 'verifier')];
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(verifier, `${scramVerifier(means.password)}\n`, { mode: 0o600 });
    const { uid, gid, isOther } = means.runner;
    if (isOther) for (const path of [attempt, data, verifier]) chownSync(path, uid, gid);
    await initialize(means, data, verifier);
    return data;
  });
}

function hasCluster(cluster: string): boolean {
  if (!isFilled(cluster)) return false;
  const version = readVersion(cluster);
  if (version === MAJOR) return true;
  const what =
    version === undefined ? 'holds no database' : `was made by PostgreSQL ${version}, not ${MAJOR}`;
  throw new Fault(
    'configuration',
    `${cluster} ${what}: move it away to begin anew, or set CERTPACKS_DATABASE_URL to a server that reads it`,
  );
}

function readVersion(cluster: string): string | undefined {
  try {
    return readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The built-in locale sorts by code point and does not change with the machine's C library. */
const LOCALE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--encoding=UTF8'];

const INITDB_LIMIT_MS = 120_000;

async function initialize(means: Means, data: string, verifier: string): Promise<void> {
  const output = openOutput(means.layout.output);
  const child = spawn(
    means.programs.initdb,
    ['-D', data, '-U', NAME, `--pwfile=${verifier}`, '--auth=scram-sha-256', '--no-instructions', ...LOCALE],
    spawnOptions(means.runner, output.handle),
  );
  const limit = setTimeout(() => child.kill('SIGKILL'), INITDB_LIMIT_MS);
  try {
    const code: number | null = (await once(child, 'exit'))[0];
    if (code === 0) return;
  } catch (cause) {
    throw cannotRun(means.programs.initdb, cause);
  } finally {
    clearTimeout(limit);
    closeSync(output.handle);
  }
  throw new Fault('database_unavailable', `the database cannot be made in ${data}: ${lastLines(output)}`);
}

/**
 * How the database's programs are started: under its user, in a folder that anybody can enter, and without this
 * process's environment, which that user could read.
 */
export function spawnOptions({ uid, gid, isOther }: Runner, output: number) {
  return {
    ...(isOther ? { uid, gid } : {}),
    cwd: '/',
    env: { TZ: 'UTC', LC_ALL: 'C' },
    stdio: ['ignore', output, output] as ['ignore', number, number],
  };
}
