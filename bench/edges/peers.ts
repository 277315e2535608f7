/** What edges are compared with: servers with one certificate that never changes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServedPack } from '../../src/edge/edge.ts';
import { listening } from '../../test/support/edge/given-nginx.ts';
import { freePort } from '../../test/support/ports.ts';
import type { Pids } from '../edge-process.ts';
import { ended } from './makes.ts';

/** A server that runs. */
export interface Peer {
  readonly port: number;
  readonly pids: Pids;
}

export const PEERS = ['bare_node', 'bare_haproxy'] as const;

/** Starts one with the certificate of a pack, which ends with `ends`. */
export const PEER: Readonly<
  Record<(typeof PEERS)[number], (ends: AsyncDisposableStack, pack: ServedPack) => Promise<Peer>>
> = {
  bare_node: (ends, pack) =>
    begin(ends, pack, (file, port) => [
      process.execPath,
      fileURLToPath(new URL('bare-node.ts', import.meta.url)),
      file,
      `${port}`,
    ]),
  bare_haproxy: (ends, pack) =>
    begin(ends, pack, (file, port) => {
      const config = `${file}.cfg`;
      writeFileSync(config, haproxyWith(file, port));
      return ['/usr/sbin/haproxy', '-db', '-f', config];
    }),
};

/** As the example has it, but for where its one certificate is from. */
const haproxyWith = (file: string, port: number): string => `global
    nbthread 1
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend one
    bind 127.0.0.1:${port} ssl crt ${file} alpn h2,http/1.1
    http-request return status 200
`;

async function begin(
  ends: AsyncDisposableStack,
  { certificates }: ServedPack,
  commandOf: (file: string, port: number) => readonly string[],
): Promise<Peer> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-bench-peer-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'one.pem');
  writeFileSync(file, `${certificates.ecdsa?.chain}${certificates.ecdsa?.key}`, { mode: 0o600 });
  const port = await freePort();
  const [program = '', ...args] = commandOf(file, port);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  ends.defer(() => ended(child, 'SIGKILL'));
  await listening(port, child);
  return { port, pids: [child] };
}
