import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type BundledEdge, startBundledEdge } from '../../src/edge/bundled.ts';
import { newLog } from '../../src/kit/log.ts';
import { CERTIFICATE_AUTHORITIES } from '../../src/pack/pack.ts';
import { DNS_ADDRESSES } from '../../src/simulator/simulator.ts';
import { type StartedSimulator, startSimulator } from '../../src/simulator/start.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { startEmbedded } from '../../src/store/embedded/embedded.ts';
import { migrate, openPool, type Pool } from '../../src/store/store.ts';
import { createToken } from '../../src/store/tokens.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Loopback addresses at which the responders of two services listen: the zones have two name servers. */
const RESPONDERS = [DNS_ADDRESSES.responder, '127.0.0.6'] as const;

/** Several processes of the service on one database, with one edge each, in one simulated world. */
export interface Cluster {
  readonly pool: Pool;
  readonly simulator: StartedSimulator;
  readonly accountId: string;
  readonly token: string;
  /** Base URLs of the API, one a process. */
  readonly apis: readonly string[];
  readonly services: readonly ChildProcess[];
}

/** Starts two processes of `certpacks serve`, configured as an operator would. All ends with the test. */
export async function startTwo(t: TestContext): Promise<Cluster> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-two-'));
  chmodSync(dir, 0o711);
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const database = await startEmbedded({ dir: join(dir, 'database'), log: () => undefined });
  t.after(() => database.stop());
  const pool = openPool({ ...database.connection, max: 4 }, () => undefined);
  t.after(() => pool.end());
  await migrate(pool);
  const simulator = await startSimulator({
    dir: join(dir, 'simulator'),
    aheadSeconds: 0,
    dnsPort: 0,
    nameServers: RESPONDERS.map((address, i) => ({ name: `ns${i + 1}.certpacks.test`, address })),
    endsWithParent: true,
  });
  t.after(() => simulator.stop());
  const now = new Date();
  const account = await createAccount(pool, 'two', now);
  const token = await createToken(pool, { accountId: account.id, name: 'two', access: 'write' }, now);

  const edges = await Promise.all(RESPONDERS.map((_, i) => startEdge(t, socketOf(dir, i))));
  const file = writeConfiguration(dir, simulator, edges);
  const started = await Promise.all(
    RESPONDERS.map((address, i) =>
      startService(t, {
        CERTPACKS_CONFIG: file,
        CERTPACKS_DATABASE_URL: database.url,
        CERTPACKS_DATA_DIR: dir,
        CERTPACKS_EDGE_SOCKET: socketOf(dir, i),
        CERTPACKS_DNS_LISTEN: `${address}:${simulator.dnsPort}`,
      }),
    ),
  );
  return {
    pool,
    simulator,
    accountId: account.id,
    token,
    apis: started.map(({ api }) => api),
    services: started.map(({ child }) => child),
  };
}

const socketOf = (dir: string, i: number): string => {
  mkdirSync(join(dir, `edge${i}`), { recursive: true, mode: 0o700 });
  return join(dir, `edge${i}`, 'pull.sock');
};

async function startEdge(t: TestContext, pull: string): Promise<BundledEdge> {
  const place = { host: '127.0.0.1', port: 0, environment: 'production' } as const;
  const edge = await startBundledEdge({ ...place, pull, log: newLog('silent') });
  t.after(() => edge.close());
  return edge;
}

function writeConfiguration(
  dir: string,
  { cas, dnsPort }: StartedSimulator,
  edges: readonly BundledEdge[],
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
    `dns_roots = ["${DNS_ADDRESSES.root}"]\ndns_port = ${dnsPort}\nallow_addresses = ["127.0.0.0/8"]\n` +
    'dns_rate_limit = 0\n';
  const path = join(dir, 'certpacks.toml');
  writeFileSync(path, [options, ...tables, ...rows].join('\n'));
  return path;
}

/** One process; resolves with its API once it logs that it is ready. */
async function startService(
  t: TestContext,
  options: Readonly<Record<string, string>>,
): Promise<{ child: ChildProcess; api: string }> {
  const env = { ...process.env, ...options };
  const child = spawn(process.execPath, [MAIN, 'serve'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await exit;
    clearTimeout(killer);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    const { msg, api }: { msg?: string; api?: string } = line.startsWith('{') ? JSON.parse(line) : {};
    if (msg !== 'ready' || api === undefined) continue;
    clearTimeout(timer);
    child.stderr.resume();
    return { child, api };
  }
  throw new Error(`certpacks serve did not become ready: ${said.join('\n')}`);
}
