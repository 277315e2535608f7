import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { Fault } from '../../kit/fault.ts';
import type { Algorithm } from '../../pack/pack.ts';
import type { DriverDeps, EdgeDriver, EdgeInHand, HeldPack, PlacedPack, RefusedPack } from '../driver.ts';
import { showLeaf } from '../handshake.ts';
import { checkManyPacks } from '../placed/checked-pack.ts';
import { DriverOptions } from '../placed/driver-options.ts';
import { PlacedFiles } from '../placed/placed-files.ts';
import { startCertificateServer } from './certificate-server.ts';

const OPTIONS = {
  listen: 'Address of loopback and port where Caddy asks; `127.0.0.1:9180` unless told.',
  folder:
    'Folder in which `get-certificate.caddy` is written, which Caddy imports: its group may read it. The agent’s own unless told.',
} as const;

/** Caddy, which asks for a certificate at every handshake (`get_certificate http`), and is answered from the agent’s memory. */
export const caddyDriver: EdgeDriver = {
  abilities: {
    isDual: true,
    isRuntime: true,
    takesWildcards: true,
    isPulling: true,
    mostNames: 10_000,
    tlsSettings: [],
  },
  options: OPTIONS,
  async open(given, deps) {
    const options = new DriverOptions('caddy', given, OPTIONS);
    const place = toPlace(options.plain('listen') ?? '127.0.0.1:9180');
    const secret = await secretIn(deps.dir);
    const { packFor, log } = deps;
    const server = await startCertificateServer({ ...place, secret, packFor, log });
    const host = place.host.includes(':') ? `[${place.host}]` : place.host;
    const line = `get_certificate http http://${host}:${place.port}/${secret}/certificate\n`;
    const files = new PlacedFiles(options.path('folder', deps.dir), 'group');
    await files.write(
      'get-certificate.caddy',
      `# Written by certpacks. Who reads it can ask for keys.\n${line}`,
    );
    return new CaddyEdge(server, deps.address);
  },
};

/** Keys go through it as they are, so it is on this machine alone. */
function toPlace(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', digits] = /^(127(?:\.\d{1,3}){3}|\[::1\]):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (port >= 1 && port <= 65_535) return { host: host.replace(/[[\]]/g, ''), port };
  throw new Fault(
    'configuration',
    "[edge]: 'listen' must be an address of loopback with a port, e.g. 127.0.0.1:9180",
  );
}

/** The secret of before, so that Caddy need not be told anew; another where there is none. */
async function secretIn(dir: string): Promise<string> {
  const known = (await readFile(join(dir, 'secret'), 'utf8').catch(() => '')).trim();
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const secret = randomBytes(32).toString('hex');
  await new PlacedFiles(dir, 'nobody').write('secret', `${secret}\n`);
  return secret;
}

class CaddyEdge implements EdgeInHand {
  readonly #server: Server;
  readonly #address: DriverDeps['address'];
  /** What was told since the start: Caddy has nothing of ours. */
  readonly #told = new Map<string, HeldPack>();

  constructor(server: Server, address: DriverDeps['address']) {
    this.#server = server;
    this.#address = address;
  }

  async apply(packs: readonly PlacedPack[]): Promise<readonly RefusedPack[]> {
    const { checked, refused } = await checkManyPacks(packs);
    for (const { packId, names, leaves } of checked) this.#told.set(packId, { packId, names, leaves });
    return refused;
  }

  async withdraw(packIds: readonly string[]): Promise<void> {
    for (const packId of packIds) this.#told.delete(packId);
  }

  async inventory(): Promise<readonly HeldPack[]> {
    return [...this.#told.values()];
  }

  verify(ask: { readonly name: string; readonly algorithm: Algorithm }, signal: AbortSignal) {
    return showLeaf({ name: 'caddy', ...this.#address }, ask, signal);
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}
