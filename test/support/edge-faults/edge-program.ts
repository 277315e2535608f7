/** Real edges that go wrong as a test wants: HAProxy, nginx and the bundled one, each with an agent beside it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MAIN } from '../commands.ts';
import { GivenHaproxy } from '../edge/given-haproxy.ts';
import type { Ends } from '../edge/given-nginx.ts';
import { givenNginxServers } from '../edge/given-nginx-servers.ts';
import { freePort } from '../ports.ts';

/** A program that serves, and what can be done to it behind the back of its agent. */
export interface EdgeProgram {
  readonly kind: 'haproxy' | 'nginx' | 'bundled';
  readonly port: number;
  /** Of the table `[edge]` of its agent's file. */
  readonly options: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Has its processes stand still, and go on. */
  freeze(isFrozen: boolean): Promise<void>;
  /** Files of a pack that the agent put there: chain and key. */
  files(packId: string): string[];
  /** Folder in which these files are made; undefined: there are none. */
  readonly folder: string | undefined;
  /** Has the running program serve what lies in a file; `pem` in its place where it can be told so, and the file stays. */
  load(path: string, pem?: string): Promise<void>;
}

/** What can be done to the file of a pack. */
export const spoil = {
  /** Another certificate with its key. */
  put: (path: string, pem: string) => writeFileSync(path, pem),
  chain: (path: string) =>
    (
      readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    ).join('\n'),
  half: (path: string) => truncateSync(path, Math.floor(readFileSync(path).length / 2)),
} as const;

export async function haproxyProgram(ends: Ends): Promise<EdgeProgram> {
  const haproxy = new GivenHaproxy(await freePort());
  ends.defer(() => haproxy.stop());
  haproxy.configure();
  writeFileSync(haproxy.crtList, '');
  let workers: number[] = [];
  return {
    kind: 'haproxy',
    port: haproxy.edge.port,
    folder: haproxy.folder,
    options: `socket = "${haproxy.socket}"\ncrt_list = "${haproxy.crtList}"\nfolder = "${haproxy.folder}"\n`,
    start: () => haproxy.start(),
    stop: () => haproxy.stop(),
    async freeze(isFrozen) {
      if (isFrozen) workers = [Number(await haproxy.pid())];
      for (const pid of workers) process.kill(pid, isFrozen ? 'SIGSTOP' : 'SIGCONT');
    },
    files: (packId) => filesOf(haproxy.folder, packId),
    async load(path, given = readFileSync(path, 'utf8')) {
      const pem = given.trim().replaceAll(/\n\n+/g, '\n');
      await haproxy.ask(`set ssl cert ${path} <<\n${pem}\n`);
      await haproxy.ask(`commit ssl cert ${path}`);
      await haproxy.ask(`abort ssl cert ${path}`);
    },
  };
}

export async function nginxProgram(ends: Ends): Promise<EdgeProgram> {
  const { nginx } = await givenNginxServers(ends);
  const folder = join(nginx.folder, 'edge');
  const main = () => Number(readFileSync(nginx.pid, 'utf8'));
  return {
    kind: 'nginx',
    port: nginx.port,
    folder: join(folder, 'packs'),
    options:
      `folder = "${folder}"\nconfig = "${nginx.config}"\npid = "${nginx.pid}"\nreload_every = 1\ngather = 0.2\n` +
      `listen = ["127.0.0.1:${nginx.port} ssl"]\ninclude = "${join(nginx.folder, 'site.conf')}"\n`,
    start: () => nginx.start(),
    stop: () => nginx.kill(),
    // Its main process alone: the old workers go on with what they have in memory.
    freeze: async (isFrozen) => void process.kill(main(), isFrozen ? 'SIGSTOP' : 'SIGCONT'),
    files: (packId) => filesOf(join(folder, 'packs'), packId),
    load: async () => void process.kill(main(), 'SIGHUP'),
  };
}

/** `home` is the folder of its agent. */
export async function bundledProgram(ends: Ends, home: string): Promise<EdgeProgram> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const stop = async () => {
    const ended = child?.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child?.kill('SIGKILL');
    await ended;
    child = undefined;
  };
  ends.defer(stop);
  return {
    kind: 'bundled',
    port,
    folder: undefined,
    options: '',
    async start() {
      const args = [
        'edge',
        '--pull',
        join(home, 'edge/pull.sock'),
        '--host',
        '127.0.0.1',
        '--port',
        `${port}`,
      ];
      child = await started([...args, '--http-port', `${await freePort()}`], 'edge is ready');
    },
    stop,
    freeze: async (isFrozen) => void child?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT'),
    files: () => [],
    load: async () => undefined,
  };
}

const filesOf = (folder: string, packId: string): string[] =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.includes(packId) && /\.(?:ecdsa|rsa|pem)/.test(path));

/** Starts a command of certpacks; resolves once it logs that. */
export async function started(args: readonly string[], line: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  for await (const one of createInterface({ input: child.stderr })) {
    said.push(one);
    if (!one.includes(line)) continue;
    child.stderr.resume();
    return child;
  }
  throw new Error(`certpacks ${args[0]} ended: ${said.join('\n').slice(-1_000)}`);
}
