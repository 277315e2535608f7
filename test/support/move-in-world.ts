/** A service in a world of its own that names move in to, and where these come from. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLeaf } from '../../src/ca/leaf.ts';
import { type Ground, startGround } from './ground.ts';
import { make, makeCa, pemOf } from './pki.ts';
import { freePort } from './ports.ts';
import { RESPONDERS, type Serving, socketOf, startEdge, startServe, writeConfiguration } from './serve.ts';

/** Hosts of each zone. */
export const PER_ZONE = 100;

/** The running world. */
export interface World extends Ground {
  readonly api: string;
  readonly edgePort: number;
  readonly ca: Awaited<ReturnType<typeof makeCa>>;
  /** Kills the service with no warning, and starts it again at the same port. */
  readonly killService: () => Promise<void>;
}

/** Starts it; so many orders an hour. */
export async function startWorld(
  ends: { readonly after: (end: () => unknown) => void },
  { orders }: { readonly orders: number },
): Promise<World> {
  const ground = await startGround(ends, 'move-in');
  const { dir, simulator } = ground;
  const edge = await startEdge(ends, socketOf(dir, 0));
  const ca = await makeCa(new Date());
  const roots = join(dir, 'roots.pem');
  writeFileSync(roots, ca.root.pem);
  const port = await freePort();
  const options = {
    CERTPACKS_CONFIG: writeConfiguration(dir, simulator, [edge]),
    CERTPACKS_DATABASE_URL: ground.databaseUrl,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_EDGE_SOCKET: socketOf(dir, 0),
    CERTPACKS_DNS_LISTEN: RESPONDERS.map((address) => `${address}:${simulator.dnsPort}`).join(','),
    CERTPACKS_PORT: String(port),
    CERTPACKS_UPLOAD_ROOTS_FILE: roots,
    CERTPACKS_MOVE_IN_ORDERS: String(orders),
    CERTPACKS_RATE_LIMIT: '0',
    CERTPACKS_ACCESS_LOG: 'false',
    CERTPACKS_RSA_KEYS: '2',
  };
  const state: { serving: Serving } = { serving: await startServe(ends, options) };
  const killService = async () => {
    const { child } = state.serving;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    state.serving = await startServe(ends, options);
  };
  return { ...ground, api: state.serving.api, edgePort: edge.port, ca, killService };
}

/** The host of that number. */
export const hostAt = (i: number): string => `h${i}.move${Math.floor(i / PER_ZONE)}.test`;

/** Makes zones, a folder of PEM files and a CSV; fingerprints of the leaves by host. */
export async function writeSources(
  { dir, api, token, accountId, ca }: World,
  { hosts }: { readonly hosts: number },
): Promise<ReadonlyMap<string, string>> {
  const leaves = new Map<string, string>();
  const names: string[] = [];
  for (let zone = 0; zone * PER_ZONE < hosts; zone++) {
    const answer = await fetch(`${api}/zones`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: `move${zone}.test`, account: { id: accountId }, type: 'full' }),
    });
    if (!answer.ok) throw new Error(`no zone: ${await answer.text()}`);
  }
  for (let i = 0; i < hosts; i++) {
    const host = hostAt(i);
    if (i % 2 === 1) {
      names.push(host);
      continue;
    }
    const leaf = await make(new Date(), { by: ca.intermediate, hosts: [host], days: 60 + (i % 300) });
    const folder = join(dir, 'pem', String(Math.floor(i / PER_ZONE)));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${i}.crt`), leaf.pem + ca.intermediate.pem);
    writeFileSync(join(folder, `${i}.key`), pemOf(leaf));
    leaves.set(host, parseLeaf(leaf.pem.trim()).fingerprint);
  }
  writeFileSync(join(dir, 'hosts.csv'), `host\n${names.join('\n')}\n`);
  return leaves;
}
