/** What the tests of this folder begin with. Everything made here is stopped and removed after the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, type TestContext } from 'node:test';
import pg from 'pg';
import { dataPlace } from '../../../src/postgres/placement.ts';
import { type EmbeddedServer, startEmbedded } from '../../../src/postgres/postgres.ts';
import { haveEnded, processesIn, signalTo } from '../../../src/postgres/processes.ts';
import { ownUid } from '../../../src/postgres/runner.ts';

/** A folder for a database, with what was started in it. */
export interface Given {
  readonly dir: string;
  readonly cluster: string;
  /** Lines logged so far by the servers of this process. */
  readonly lines: string[];
  /** Starts or adopts the server in this process. */
  start(settings?: Readonly<Record<string, string>>): Promise<EmbeddedServer>;
  /** The same in another Node process, which prints `{isAdopted, url}` and stops when its input ends. */
  fork(): Promise<Fork>;
  /** Kills those processes, with no word to their server. */
  killForks(): void;
}

export interface Fork {
  readonly child: ChildProcess;
  readonly isAdopted: boolean;
  readonly url: string;
  /** Lets it stop by itself. */
  stop(): Promise<void>;
}

/** An empty folder, or `dir`, removed after the test. */
export function givenFolder(t: TestContext, dir = dataPlace({ root: '/', isTemporary: true }).dir): Given {
  const given = newGiven(dir);
  t.after(async () => {
    await given.end();
    rmSync(dir, { recursive: true, force: true });
  });
  return given;
}

const shared: { dir?: string } = {};
after(() => shared.dir && rmSync(shared.dir, { recursive: true, force: true }));

/** The folder that the tests of a file use one after another: what runs in it ends with each, its data stay. */
export function givenShared(t: TestContext): Given {
  shared.dir ??= dataPlace({ root: '/', isTemporary: true }).dir;
  const given = newGiven(shared.dir);
  t.after(() => given.end());
  return given;
}

/** The shared folder with a database that does not run. */
export async function givenStopped(t: TestContext): Promise<Given> {
  const given = givenShared(t);
  if (!existsSync(given.cluster)) await (await given.start()).stop();
  return given;
}

function newGiven(dir: string) {
  const servers: EmbeddedServer[] = [];
  const forks: ChildProcess[] = [];
  const lines: string[] = [];
  const cluster = join(dir, 'postgres');
  const start = async (settings: Readonly<Record<string, string>> = {}) => {
    const server = await startEmbedded({ dir, settings, log: (line) => lines.push(line) });
    servers.push(server);
    return server;
  };
  const killForks = () => {
    for (const child of forks) child.kill('SIGKILL');
  };
  const end = async () => {
    killForks();
    await Promise.allSettled(servers.map((server) => server.stop()));
    const left = processesIn(cluster);
    for (const pid of left) signalTo(pid, 'SIGKILL');
    await haveEnded(left, 5_000);
  };
  return { dir, cluster, lines, start, fork: () => fork(dir, forks), killForks, end };
}

const PROGRAM = `
  const { startEmbedded } = await import(${JSON.stringify(new URL('../../../src/postgres/postgres.ts', import.meta.url).href)});
  const server = await startEmbedded({ dir: process.argv[1], log: () => undefined });
  console.log(JSON.stringify({ isAdopted: server.isAdopted, url: server.url }));
  process.stdin.resume().once('end', () => server.stop());
`;

async function fork(dir: string, forks: ChildProcess[]): Promise<Fork> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
    // A process group of its own, as a terminal gives one to what is typed there.
    detached: true,
  });
  forks.push(child);
  const ended = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]: string[]) => text),
    ended.then(() => undefined),
  ]);
  if (line === undefined)
    throw new Error(`the other process ended with ${child.exitCode ?? child.signalCode}`);
  const { isAdopted, url }: { isAdopted: boolean; url: string } = JSON.parse(line);
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { child, isAdopted, url, stop };
}

/** Rows of one statement, through a connection of its own. */
export async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    client.end().catch(() => undefined);
  }
}

/** Rows of one statement as soon as there are any: asks until it is answered, for `limit` ms. */
export async function askUntil(url: string, sql: string, limit: number): Promise<Record<string, unknown>[]> {
  const end = performance.now() + limit;
  for (;;) {
    try {
      return await ask(url, sql);
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

export const isRoot = ownUid() === 0;
