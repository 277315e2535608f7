/** Edges of every make as benchmarks run them: the real programs with the configurations of the examples, and our drivers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { caddyDriver } from '../../src/edge/caddy/caddy.ts';
import type { EdgeInHand } from '../../src/edge/driver.ts';
import type { ServedPack } from '../../src/edge/edge.ts';
import { filesDriver } from '../../src/edge/files/files.ts';
import { startPull } from '../../src/edge/pull/pull.ts';
import { newLog } from '../../src/kit/log.ts';
import type { Seconds } from '../../src/kit/time.ts';
import { fleetEdge } from '../../test/support/edge/fleet-edge.ts';
import { GivenHaproxy } from '../../test/support/edge/given-haproxy.ts';
import {
  driverDeps,
  exampleText,
  listening,
  openFolder,
  placed,
} from '../../test/support/edge/given-nginx.ts';
import { givenNginxByName } from '../../test/support/edge/given-nginx-by-name.ts';
import { givenNginxServers } from '../../test/support/edge/given-nginx-servers.ts';
import { freePort, isListening } from '../../test/support/ports.ts';
import { type Pids, start } from '../edge-process.ts';

/** An edge that runs. */
export interface RunningEdge {
  readonly port: number;
  /** Its processes; those that they began count with them. */
  pids(): Promise<Pids>;
  /** Gives it packs, in the place of those of the same ids. */
  put(packs: readonly ServedPack[]): Promise<void>;
  /** Has its driver look at all that it holds; left out where it keeps nothing. How many packs it saw. */
  inventory?(): Promise<number>;
  /** Ends it and starts it again. */
  restart(): Promise<void>;
}

type Ends = AsyncDisposableStack;

/** Longest that a program may take to read what it has. */
const LONGEST_START: Seconds = 120;

/** Every make that is measured. */
export const MAKES = ['bundled', 'haproxy', 'nginx', 'nginx_by_name', 'caddy', 'files'] as const;
export type Make = (typeof MAKES)[number];

/** Starts an edge of a make, which ends with `ends`. */
export const START: Readonly<Record<Make, (ends: Ends) => Promise<RunningEdge>>> = {
  bundled,
  haproxy,
  nginx,
  nginx_by_name: nginxByName,
  caddy,
  files,
};

async function bundled(ends: Ends): Promise<RunningEdge> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-bench-edges-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'edge', 'pull.sock');
  mkdirSync(join(dir, 'edge'), { mode: 0o700 });
  const packs = new Map<string, ServedPack>();
  const source = { packFor: async (name: string) => packs.get(name), fileFor: async () => undefined };
  const pull = await startPull({ path, source, log: newLog('silent') });
  ends.defer(() => pull.close());
  const port = await freePort();
  const begin = async () => {
    const child = start(ends, ['edge', '--pull', path, '--host', '127.0.0.1', '--port', `${port}`], {});
    await listening(port, child);
    return child;
  };
  let running = await begin();
  return {
    port,
    pids: async () => [running],
    put: async (some) => {
      keep(packs, some);
      for (const { hosts } of some) pull.push({ environment: 'production', hosts });
    },
    restart: async () => {
      await ended(running, 'SIGTERM');
      running = await begin();
    },
  };
}

async function haproxy(ends: Ends): Promise<RunningEdge> {
  const given = new GivenHaproxy(await freePort());
  ends.defer(async () => {
    await given.stop();
    rmSync(given.dir, { recursive: true, force: true });
  });
  given.configure();
  const edge = await given.open();
  ends.defer(() => edge.close());
  await given.start();
  return {
    port: given.edge.port,
    pids: async () => [{ pid: Number(await given.pid()) }],
    put: (packs) => apply(edge, packs),
    inventory: () => lookAt(edge),
    restart: async () => {
      await given.stop();
      await given.start(LONGEST_START);
    },
  };
}

async function nginx(ends: Ends): Promise<RunningEdge> {
  const servers = await givenNginxServers(ends);
  const edge = await servers.open({ reload_every: 1, gather: 0.2, patience: 120 });
  return ofNginx(servers.nginx, edge);
}

async function nginxByName(ends: Ends): Promise<RunningEdge> {
  const given = await givenNginxByName(ends);
  return ofNginx(given.nginx, await given.open());
}

interface Nginx {
  readonly port: number;
  readonly pid: string;
  kill(): Promise<void>;
  start(longest: Seconds): Promise<void>;
}

const ofNginx = (given: Nginx, edge: EdgeInHand): RunningEdge => ({
  port: given.port,
  pids: async () => [{ pid: Number(readFileSync(given.pid, 'utf8')) }],
  put: (packs) => apply(edge, packs),
  inventory: () => lookAt(edge),
  restart: async () => {
    await given.kill();
    await given.start(LONGEST_START);
  },
});

async function caddy(ends: Ends): Promise<RunningEdge> {
  const folder = openFolder(ends);
  const [port, asks] = [await freePort(), await freePort()];
  const packs = new Map<string, ServedPack>();
  const deps = driverDeps(folder, port, async (name) => packs.get(name));
  const edge = await caddyDriver.open({ listen: `127.0.0.1:${asks}` }, deps);
  ends.defer(() => edge.close());
  const config = join(folder, 'Caddyfile');
  const text = exampleText('caddy/Caddyfile', {
    'auto_https disable_redirects': `auto_https disable_redirects\n\thttps_port ${port}`,
    'https:// {': 'https:// {\n\tbind 127.0.0.1',
    '/var/lib/certpacks-caddy/': `${folder}/`,
    'reverse_proxy 127.0.0.1:8080': 'respond hello',
  });
  writeFileSync(config, text);
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const begin = async () => {
    const child = spawn('/usr/bin/caddy', ['run', '--config', config], { env, stdio: 'ignore' });
    ends.defer(() => ended(child, 'SIGKILL'));
    await listening(port, child);
    return child;
  };
  let running = await begin();
  return {
    port,
    pids: async () => [running],
    put: async (some) => {
      keep(packs, some);
      await apply(edge, some);
    },
    restart: async () => {
      await ended(running, 'SIGKILL');
      running = await begin();
    },
  };
}

/** PEM files, and a HAProxy that is told by a hook to read them all again. */
async function files(ends: Ends): Promise<RunningEdge> {
  const port = await freePort();
  const made = await fleetEdge(ends, 'files', { host: '127.0.0.1', port, within: [] });
  const edge = await filesDriver.open(
    { ...made.options, hook_timeout_s: LONGEST_START },
    driverDeps(made.folder, port),
  );
  ends.defer(() => edge.close());
  await made.start();
  const pid = () => Number(readFileSync(join(made.folder, 'pid'), 'utf8'));
  return {
    port,
    pids: async () => [{ pid: pid() }],
    put: (packs) => apply(edge, packs),
    inventory: () => lookAt(edge),
    restart: async () => {
      process.kill(pid(), 'SIGKILL');
      while (await isListening(port)) await sleep(20);
      await made.start();
    },
  };
}

/** For edges that ask: what is there for each name. */
function keep(packs: Map<string, ServedPack>, some: readonly ServedPack[]): void {
  for (const pack of some) for (const name of pack.hosts) packs.set(name, pack);
}

/** Throws where an edge refuses any. */
async function apply(edge: EdgeInHand, packs: readonly ServedPack[]): Promise<void> {
  const [refused] = await edge.apply(
    packs.map((pack) => placed(pack)),
    AbortSignal.timeout(900_000),
  );
  if (refused) throw new Error(`${refused.packId}: ${refused.why}`);
}

const lookAt = async (edge: EdgeInHand): Promise<number> =>
  (await edge.inventory(AbortSignal.timeout(900_000))).length;

/** Ends a process, and resolves when it has. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
