import { join } from 'node:path';
import { Fault } from '../../kit/fault.ts';
import { TLS_SETTINGS } from '../../pack/hostname-tls.ts';
import { ALGORITHMS, type Algorithm, ENVIRONMENTS } from '../../pack/pack.ts';
import type { DriverDeps, EdgeDriver, EdgeInHand, HeldPack, PlacedPack } from '../driver.ts';
import type { PullSource } from '../edge.ts';
import { showLeaf } from '../handshake.ts';
import { leafOf } from '../leaf.ts';
import { type Pull, startPull } from '../pull/pull.ts';

/**
 * Bundled edges of this machine, as many as there are: each asks on a unix socket for what a client wants, and is told of changes
 * there (`src/edge/pull/`). Nothing lies at them, so to put a pack on is to tell of its names.
 */
export const bundledDriver: EdgeDriver = {
  abilities: {
    isDual: true,
    isRuntime: true,
    takesWildcards: true,
    isPulling: true,
    mostNames: 100_000,
    tlsSettings: TLS_SETTINGS,
  },
  options: {
    socket:
      'Unix socket that `certpacks edge --pull` is told, in a folder of mode 700; `pull.sock` in the agent’s folder unless told.',
  },
  async open(options, deps) {
    const unknown = Object.keys(options).find((name) => name !== 'socket');
    if (unknown !== undefined)
      throw new Fault('configuration', `[edge]: '${unknown}' is no option of edges of kind bundled`);
    const path = options['socket'] ?? join(deps.dir, 'pull.sock');
    if (typeof path !== 'string')
      throw new Fault('configuration', "[edge]: 'socket' must be the path of a unix socket");
    const { packFor, fileFor, log } = deps;
    const source: PullSource = {
      // Clients without SNI are shown what is of one type alone, which an agent is not told.
      packFor: (name, _environment, by) => (by === 'address' ? Promise.resolve(undefined) : packFor(name)),
      fileFor,
    };
    return new BundledEdges(await startPull({ path, source, log }), deps.address);
  },
};

class BundledEdges implements EdgeInHand {
  readonly #pull: Pull;
  readonly #address: DriverDeps['address'];
  /** What was told since the start: an edge that comes later asks for all that it needs. */
  readonly #told = new Map<string, HeldPack>();

  constructor(pull: Pull, address: DriverDeps['address']) {
    this.#pull = pull;
    this.#address = address;
  }

  async apply(packs: readonly PlacedPack[]): Promise<readonly []> {
    for (const pack of packs) {
      this.#push([...(this.#told.get(pack.packId)?.names ?? []), ...pack.names]);
      this.#told.set(pack.packId, heldOf(pack));
    }
    return [];
  }

  async withdraw(packIds: readonly string[]): Promise<void> {
    for (const packId of packIds) {
      this.#push(this.#told.get(packId)?.names ?? []);
      this.#told.delete(packId);
    }
  }

  async inventory(): Promise<readonly HeldPack[]> {
    return [...this.#told.values()];
  }

  verify(ask: { readonly name: string; readonly algorithm: Algorithm }, signal: AbortSignal) {
    return showLeaf({ name: 'bundled', ...this.#address }, ask, signal);
  }

  close(): Promise<void> {
    return this.#pull.close();
  }

  /** The agent is enrolled for one environment: whatever an edge says of itself, that is what it gets. */
  #push(hosts: readonly string[]): void {
    if (hosts.length > 0) for (const environment of ENVIRONMENTS) this.#pull.push({ environment, hosts });
  }
}

function heldOf({ packId, names, certificates }: PlacedPack): HeldPack {
  const leaves: Partial<Record<Algorithm, string>> = {};
  for (const algorithm of ALGORITHMS) {
    const pair = certificates[algorithm];
    if (pair) leaves[algorithm] = leafOf(pair.chain);
  }
  return { packId, names, leaves };
}
