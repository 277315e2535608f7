/** One process of `certpacks serve` in a world of its own, to which something is done. */
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type Cloudflare from 'cloudflare';
import { newClient } from './client.ts';
import { type Ground, startGround } from './ground.ts';
import { RESPONDERS, type Serving, socketOf, startEdge, writeConfiguration } from './serve.ts';

/** The program. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Longest time of a test. */
export const LIMIT = { timeout: 170_000 };

/** What a process is started with, and who speaks to it. */
export interface Scene extends Ground {
  /** What a process is started with. */
  readonly options: Readonly<Record<string, string>>;
  readonly client: (api: string) => Cloudflare;
}

/** A world without its process. */
export async function givenScene(t: TestContext, name: string): Promise<Scene> {
  const ground = await startGround(t, name);
  const { dir, databaseUrl, simulator, token } = ground;
  const edge = await startEdge(t, socketOf(dir, 0));
  const options = {
    CERTPACKS_CONFIG: writeConfiguration(dir, simulator, [edge]),
    CERTPACKS_DATABASE_URL: databaseUrl,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_EDGE_SOCKET: socketOf(dir, 0),
    CERTPACKS_DNS_LISTEN: RESPONDERS.map((address) => `${address}:${simulator.dnsPort}`).join(','),
    CERTPACKS_METRICS_LISTEN: '127.0.0.1:0',
    CERTPACKS_RSA_KEYS: '0',
    CERTPACKS_STOP_TIMEOUT_S: '4',
  };
  const client = (api: string) => newClient({ apiToken: token, baseURL: api });
  return { ...ground, options, client };
}

/** A pack that a process was asked for. */
export async function givenPackOf({ client, accountId }: Scene, { api }: Serving, name: string) {
  const cloudflare = client(api);
  const zone = await cloudflare.zones.create({ account: { id: accountId }, name, type: 'full' });
  const { id } = await cloudflare.ssl.certificatePacks.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: [name],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  });
  const get = () => cloudflare.ssl.certificatePacks.get(id, { zone_id: zone.id });
  return { id, get };
}

/** How long, in milliseconds, a process takes to end once it is asked, and with which status. */
export async function endOf(child: ChildProcess): Promise<{ ms: number; code: unknown; signal: unknown }> {
  const exit = once(child, 'exit');
  const began = performance.now();
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [code, signal]: unknown[] = await exit;
  clearTimeout(killer);
  return { ms: performance.now() - began, code, signal };
}
