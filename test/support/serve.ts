import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type BundledEdge, startBundledEdge } from '../../src/edge/bundled/bundled.ts';
import { newLog } from '../../src/kit/log.ts';
import { CERTIFICATE_AUTHORITIES } from '../../src/pack/pack.ts';
import { DNS_ADDRESSES } from '../../src/simulator/simulator.ts';
import type { StartedSimulator } from '../../src/simulator/start.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Where what is started here says how it ends: a test's context, or whoever else sees to it. */
export interface Ends {
  after(end: () => unknown): void;
}

/** Loopback addresses at which the responders of two services listen: the zones have two name servers. */
export const RESPONDERS = [DNS_ADDRESSES.responder, '127.0.0.6'] as const;

/** The socket of service number `i` in a folder, for its edges. */
export const socketOf = (dir: string, i: number): string => {
  mkdirSync(join(dir, `edge${i}`), { recursive: true, mode: 0o700 });
  return join(dir, `edge${i}`, 'pull.sock');
};

/** A production edge in this process. */
export async function startEdge(ends: Ends, pull: string): Promise<BundledEdge> {
  const place = { host: '127.0.0.1', port: 0, environment: 'production' } as const;
  const edge = await startBundledEdge({ ...place, pull, log: newLog('silent') });
  ends.after(() => edge.close());
  return edge;
}

/** The configuration file that an operator would write for a simulated world. Returns its path. */
export function writeConfiguration(
  dir: string,
  { cas, dnsPort }: StartedSimulator,
  edges: readonly Pick<BundledEdge, 'port'>[],
): string {
  const tables = CERTIFICATE_AUTHORITIES.map((name) => {
    const { directory, rootPem, eab } = cas[name];
    const roots = join(dir, `${name}.pem`);
    writeFileSync(roots, rootPem);
    const binding = eab ? `eab_kid = "${eab.kid}"\neab_hmac_key = "${eab.hmacKey}"\n` : '';
    return (
      `[ca.${name}]\ndirectory_url = "${directory}"\ntls_roots_file = "${roots}"\nagreed_to_terms = true\n` +
      `public = false\nsends_not_after = true\n${binding}`
    );
  });
  const rows = edges.map(
    ({ port }, i) =>
      `[[edges]]\nname = "edge-${i}"\nenvironment = "production"\nhost = "127.0.0.1"\nport = ${port}\n`,
  );
  const servers = RESPONDERS.map((address, i) => `"ns${i + 1}.certpacks.test=${address}"`);
  const options =
    `port = 0\ndelegation_zone = "dcv.certpacks.test"\nname_servers = [${servers.join(', ')}]\n` +
    `dns_roots = ["${DNS_ADDRESSES.root}"]\ndns_port = ${dnsPort}\nallow_addresses = ["127.0.0.0/8"]\ninside_resolver = ""\n` +
    'dns_rate_limit = 0\nzone_activation = "trust"\nuniversal = false\n';
  const path = join(dir, 'certpacks.toml');
  writeFileSync(path, [options, ...tables, ...rows].join('\n'));
  return path;
}

/** A process of `certpacks serve` that is ready. */
export interface Serving {
  readonly child: ChildProcess;
  readonly api: string;
  /** Lines that it logged until it was ready. */
  readonly said: readonly string[];
  /** All that it wrote to standard error so far. */
  readonly written: () => string;
}

/** Starts one process; resolves once it logs that it is ready. */
export async function startServe(
  ends: Ends,
  options: Readonly<Record<string, string>>,
  { seconds = 90, main = MAIN }: { readonly seconds?: number; readonly main?: string } = {},
): Promise<Serving> {
  const env = { ...process.env, ...options };
  const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit');
  ends.after(async () => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await exit;
    clearTimeout(killer);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000);
  const said: string[] = [];
  const written: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => written.push(chunk.toString()));
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    const { msg, api }: { msg?: string; api?: string } = line.startsWith('{') ? JSON.parse(line) : {};
    if (msg !== 'ready' || api === undefined) continue;
    clearTimeout(timer);
    child.stderr.resume();
    return { child, api, said, written: () => written.join('') };
  }
  clearTimeout(timer);
  throw new Error(`certpacks serve did not become ready: ${said.join('\n')}`);
}
