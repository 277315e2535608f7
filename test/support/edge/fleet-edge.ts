/** Edges of every make, as programs that stand where they are told to: each configured as its example has it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBundledEdge } from '../../../src/edge/bundled/bundled.ts';
import { showLeaf } from '../../../src/edge/handshake.ts';
import type { Algorithm, EdgeKind } from '../../../src/pack/pack.ts';
import { needs } from '../peers.ts';
import { freePort, isListening } from '../ports.ts';
import { type Ends, exampleText, NGINX, openFolder } from './given-nginx.ts';
import { quiet } from './given-service.ts';

const PROGRAMS = { haproxy: '/usr/sbin/haproxy', 'nginx-light': NGINX, caddy: '/usr/bin/caddy' };
/** Options of a test that needs edges of every make. */
export const PROXY_NEEDS = Object.entries(PROGRAMS)
  .map(([apt, path]) => needs(path, apt))
  .find(({ skip }) => skip !== false) ?? { skip: false };

/** Where an edge stands. */
export interface Stand {
  /** Its address. */
  readonly host: string;
  readonly port: number;
  /** What its programs are begun by: `ip netns exec …`, or nothing. */
  readonly within: readonly string[];
}

/** An edge that is not started yet. */
export interface FleetEdge extends Stand {
  readonly kind: EdgeKind;
  /** Of this edge and its agent alone. */
  readonly folder: string;
  /** Of the table `[edge]`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Starts its program, once its agent has run: some read what that wrote. */
  start(): Promise<void>;
}

/** Its leaf for a name; undefined: none, or no handshake. */
export async function leafAt(
  edge: Stand,
  name: string,
  algorithm: Algorithm = 'ecdsa',
): Promise<string | undefined> {
  const shown = showLeaf({ name: 'edge', ...edge }, { name, algorithm }, AbortSignal.timeout(10_000));
  return (await shown.catch(() => undefined))?.fingerprint;
}

/** Makes what an edge of a kind needs. All ends with `ends`. */
export async function fleetEdge(ends: Ends, kind: EdgeKind, stand: Stand): Promise<FleetEdge> {
  const folder = openFolder(ends);
  return { ...stand, kind, folder, ...(await MAKES[kind](ends, folder, stand)) };
}

type Made = Pick<FleetEdge, 'options' | 'start'>;

const MAKES: Readonly<Record<EdgeKind, (ends: Ends, folder: string, stand: Stand) => Made | Promise<Made>>> =
  {
    haproxy(ends, folder, stand) {
      const [socket, list] = [join(folder, 'runtime.sock'), join(folder, 'certpacks.list')];
      const config = written(folder, 'haproxy/haproxy.cfg', {
        '/run/haproxy/certpacks.sock': socket,
        '/etc/haproxy/certpacks.list': list,
        'bind :443': `bind ${stand.host}:${stand.port}`,
      });
      writeFileSync(list, '');
      return {
        options: { socket, crt_list: list, folder: join(folder, 'tls') },
        start: async () => void (await run(ends, stand, ['/usr/sbin/haproxy', '-W', '-db', '-f', config])),
      };
    },

    nginx(ends, folder, stand) {
      const config = written(folder, 'nginx/nginx.conf', {
        'user www-data;\n': '',
        'worker_processes auto': 'worker_processes 1',
        '/run/nginx.pid': join(folder, 'nginx.pid'),
        '/var/log/nginx/error.log': join(folder, 'error.log'),
        '/var/lib/certpacks/nginx/': `${join(folder, 'servers')}/`,
        'listen 443': `listen ${stand.host}:${stand.port}`,
      });
      const include = written(folder, 'nginx/certpacks-site.conf', {
        'proxy_pass http://127.0.0.1:8080': 'return 200',
      });
      const options = { folder: join(folder, 'servers'), config, pid: join(folder, 'nginx.pid'), include };
      return {
        options: { ...options, listen: [`${stand.host}:${stand.port} ssl`] },
        start: async () => void (await run(ends, stand, [NGINX, '-c', config, '-g', 'daemon off;'])),
      };
    },

    nginx_by_name(ends, folder, stand) {
      const names = join(folder, 'names');
      mkdirSync(names);
      if (process.getuid?.() === 0) chownSync(names, 0, groupOf('www-data'));
      chmodSync(names, 0o2750);
      const config = written(folder, 'nginx-by-name/nginx.conf', {
        'worker_processes auto': 'worker_processes 1',
        '/run/nginx.pid': join(folder, 'nginx.pid'),
        '/var/log/nginx/error.log': join(folder, 'error.log'),
        'include /var/lib/certpacks-by-name/': `include ${names}/`,
        'listen 443': `listen ${stand.host}:${stand.port}`,
        'proxy_pass http://127.0.0.1:8080': 'root /',
      });
      return {
        options: { folder: names },
        start: async () => void (await run(ends, stand, [NGINX, '-c', config, '-g', 'daemon off;'])),
      };
    },

    async caddy(ends, folder, stand) {
      const config = written(folder, 'caddy/Caddyfile', {
        'auto_https disable_redirects': `auto_https disable_redirects\n\thttps_port ${stand.port}`,
        'https:// {': `https:// {\n\tbind ${stand.host}`,
        '/var/lib/certpacks-caddy/': `${folder}/`,
        'reverse_proxy 127.0.0.1:8080': 'respond hello',
      });
      const listen = `127.0.0.1:${await freePort()}`;
      return {
        options: { folder, listen },
        start: async () =>
          void (await run(ends, stand, ['/usr/bin/caddy', 'run', '--config', config], folder)),
      };
    },

    files(ends, folder, stand) {
      const [tls, list, hook] = [join(folder, 'tls'), join(folder, 'list'), join(folder, 'hook')];
      mkdirSync(tls);
      writeFileSync(list, '');
      writeFileSync(hook, hookText({ folder, tls, list }), { mode: 0o700 });
      const config = written(folder, 'haproxy/haproxy.cfg', {
        'stats socket /run/haproxy/certpacks.sock mode 600 level admin': '',
        '/etc/haproxy/certpacks.list': list,
        'bind :443': `bind ${stand.host}:${stand.port}`,
      });
      return {
        options: { folder: tls, contents: 'combined', hook: [hook], hook_interval_s: 0 },
        start: async () => {
          const { pid } = await run(ends, stand, ['/usr/sbin/haproxy', '-W', '-db', '-f', config]);
          writeFileSync(join(folder, 'pid'), `${pid}`);
        },
      };
    },

    bundled(ends, folder, stand) {
      const socket = join(folder, 'pull', 'pull.sock');
      mkdirSync(join(folder, 'pull'), { mode: 0o700 });
      const { host, port } = stand;
      return {
        options: { socket },
        start: async () => {
          const edge = await startBundledEdge({
            host,
            port,
            environment: 'production',
            pull: socket,
            log: quiet(),
          });
          ends.defer(() => edge.close());
        },
      };
    },
  };

/** Writes an example with changes; its path. */
function written(folder: string, example: string, changes: Readonly<Record<string, string>>): string {
  const path = join(folder, basename(example));
  writeFileSync(path, exampleText(example, changes));
  return path;
}

function groupOf(name: string): number {
  const [, id] = new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(readFileSync('/etc/group', 'utf8')) ?? [];
  return Number(id);
}

/** Starts a program where the edge stands, and waits until it listens. */
async function run(
  ends: Ends,
  stand: Stand,
  command: readonly string[],
  home?: string,
): Promise<ChildProcess> {
  const [program = '', ...args] = [...stand.within, ...command];
  const homes = home === undefined ? {} : { HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
  const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...homes } });
  ends.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await once(child, 'exit');
    clearTimeout(killer);
  });
  await listens(stand, child);
  return child;
}

/** Resolves once something listens there; fails after 15 s, or when the process ended. */
async function listens({ host, port }: Stand, child: ChildProcess): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    if (await isListening(port, host)) return;
    await sleep(50);
  }
  throw new Error(`nobody listens at ${host}:${port}`);
}

/** A hook as an operator writes it: it lists the files for a program that reads them when it is told to, and tells it. */
const hookText = ({
  folder,
  tls,
  list,
}: Readonly<Record<'folder' | 'tls' | 'list', string>>): string => `#!/bin/sh
for pack in ${tls}/*; do
  for file in $pack/*-combined.pem; do
    [ -f $file ] && echo $file $(cat $pack/names)
  done
done > ${list}.next
mv ${list}.next ${list}
[ ! -f ${folder}/pid ] || kill -USR2 $(cat ${folder}/pid)
`;
