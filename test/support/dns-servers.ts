/** Real authoritative servers for tests: BIND and Knot on loopback, each with a folder of its own that goes with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange } from '../../src/dns/resolver/exchange.ts';
import { portsToTry } from '../../src/simulator/ports.ts';
import { startRelay } from './dns-relay.ts';
import { needs } from './peers.ts';

const NAMED = '/usr/sbin/named';
const KNOTD = '/usr/sbin/knotd';

/** Options for a test that needs both servers. */
export function needsDnsServers(): { readonly skip: string | false } {
  const named = needs(NAMED, 'bind9');
  return named.skip === false ? needs(KNOTD, 'knot') : named;
}

/** A TSIG key; `secret` is in base64. */
export interface TestKey {
  readonly name: string;
  readonly algorithm: `hmac-sha${1 | 224 | 256 | 384 | 512}`;
  readonly secret: string;
}

interface ServerOptions {
  /** A loopback address, free at `port`. */
  readonly address: string;
  readonly port: number;
  /** Zone files by zone; the root is `.`. */
  readonly zones: Readonly<Record<string, string>>;
  /** Keys that may add and delete TXT in every zone. */
  readonly updaters?: readonly TestKey[];
  /** Keys that the server knows, and that may do nothing. */
  readonly others?: readonly TestKey[];
}

/** A running server. */
export interface DnsServer {
  /** Everything it has logged. */
  log(): string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** A zone file: SOA and NS at the apex, then `lines`. `servers` are absolute, with a final dot. */
export function zoneFile(servers: readonly string[], lines: readonly string[] = []): string {
  const ns = servers.map((server) => `@ NS ${server}`);
  return ['$TTL 5', `@ SOA ${servers[0] ?? '.'} h.invalid. 1 60 60 600 5`, ...ns, ...lines, ''].join('\n');
}

/**
 * Starts BIND's `named`, and resolves when it answers. It listens on addresses of interfaces alone, so that it is
 * met at `address` through a relay.
 */
export async function startBind(options: ServerOptions): Promise<DnsServer> {
  const dir = await mkdtemp(join(tmpdir(), 'certpacks-named-'));
  const files = await writeZones(dir, options.zones);
  const own = { address: '127.0.0.1', port: await freePortAt(['127.0.0.1']) };
  const updaters = options.updaters ?? [];
  const policy = updaters.map(({ name }) => `grant ${name} zonesub TXT;`).join(' ');
  const update = policy === '' ? '' : ` update-policy { ${policy} };`;
  const zones = files.map(({ zone, file }) => `zone "${zone}" { type primary; file "${file}";${update} };`);
  const keys = [...updaters, ...(options.others ?? [])].map(
    ({ name, algorithm, secret }) => `key ${name} { algorithm ${algorithm}; secret "${secret}"; };`,
  );
  const settings = `options { directory "${dir}"; pid-file none; session-keyfile none; lock-file none;
    listen-on port ${own.port} { ${own.address}; }; listen-on-v6 { none; };
    recursion no; notify no; dnssec-validation no; empty-zones-enable no; }; controls { };`;
  const path = join(dir, 'named.conf');
  await writeFile(path, [settings, ...keys, ...zones].join('\n'));
  const child = spawn(NAMED, ['-g', '-n', '1', '-c', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const server = await started(child, { ...options, ...own, dir });
  const relay = await startRelay(options, own);
  const stop = async () => {
    await relay.close();
    await server.stop();
  };
  return { ...server, stop };
}

/** Starts Knot's `knotd`, and resolves when it answers. */
export async function startKnot(options: ServerOptions): Promise<DnsServer> {
  const dir = await mkdtemp(join(tmpdir(), 'certpacks-knotd-'));
  const files = await writeZones(dir, options.zones);
  const path = join(dir, 'knot.conf');
  await writeFile(path, knotSettings(dir, files, options));
  const args = ['-c', path, '-s', join(dir, 'socket')];
  return started(spawn(KNOTD, args, { stdio: ['ignore', 'pipe', 'pipe'] }), { ...options, dir });
}

function knotSettings(dir: string, files: readonly ZoneFile[], options: ServerOptions): string {
  const updaters = options.updaters ?? [];
  const keys = [...updaters, ...(options.others ?? [])];
  const ids = updaters.map(({ name }) => name).join(', ');
  return [
    `server:\n    listen: ${options.address}@${options.port}\n    rundir: ${dir}`,
    '    udp-workers: 1\n    tcp-workers: 1',
    `database:\n    storage: ${dir}`,
    'log:\n  - target: stderr\n    any: info',
    ...(keys.length > 0 ? ['key:'] : []),
    ...keys.map((key) => `  - id: ${key.name}\n    algorithm: ${key.algorithm}\n    secret: ${key.secret}`),
    ...(ids === ''
      ? []
      : [`acl:\n  - id: may\n    key: [${ids}]\n    action: update\n    update-type: [TXT]`]),
    'zone:',
    ...files.map(
      ({ zone, file }) =>
        `  - domain: ${zone}\n    storage: ${dir}\n    file: ${file}${ids === '' ? '' : '\n    acl: may'}`,
    ),
    '',
  ].join('\n');
}

interface ZoneFile {
  readonly zone: string;
  readonly file: string;
}

async function writeZones(dir: string, zones: ServerOptions['zones']): Promise<readonly ZoneFile[]> {
  const files = Object.entries(zones).map(([zone, text], n) => ({ zone, text, file: `${n}.zone` }));
  await Promise.all(files.map(({ file, text }) => writeFile(join(dir, file), text)));
  return files;
}

interface Place extends ServerOptions {
  readonly dir: string;
}

async function started(child: ChildProcess, place: Place): Promise<DnsServer> {
  let log = '';
  const keep = (chunk: Buffer) => {
    log += chunk.toString();
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
    await rm(place.dir, { recursive: true, force: true });
  };
  if (await answers(child, place)) return { log: () => log, stop };
  await stop();
  throw new Error(`a name server did not start: ${log}`);
}

/** Whether the server answers within 15 seconds: any answer to a question counts. */
async function answers(child: ChildProcess, { address, port, zones }: Place): Promise<boolean> {
  const name = (Object.keys(zones).at(-1) ?? '').replace(/\.$/, '');
  const signal = AbortSignal.timeout(15_000);
  while (child.exitCode === null && !signal.aborted) {
    const question = { address, port, name, type: 'SOA' } as const;
    const heard = await exchange(question, { tries: 1, spend: () => true, signal });
    if (heard.kind === 'reply') return true;
    await sleep(50);
  }
  return false;
}

/** A port that is free, TCP and UDP, at each of `addresses` now. */
export async function freePortAt(addresses: readonly string[]): Promise<number> {
  for (const port of portsToTry()) {
    const taken = await Promise.all(addresses.map((address) => isTaken(address, port)));
    if (!taken.includes(true)) return port;
  }
  throw new Error('none of forty ports is free');
}

async function isTaken(address: string, port: number): Promise<boolean> {
  const server = createServer();
  const socket = createSocket('udp4');
  try {
    server.listen(port, address);
    await once(server, 'listening');
    socket.bind(port, address);
    await once(socket, 'listening');
    return false;
  } catch {
    return true;
  } finally {
    socket.close();
    if (server.listening) server.close();
  }
}
