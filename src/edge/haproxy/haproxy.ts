/**
 * Edges of HAProxy: told over its runtime API (2.4 or newer), while files and a crt-list have the same for when it starts. Terms:
 * - entry: a line of the crt-list: a file with a certificate and its key, and the names for which it is shown.
 * - telling: to have the running process take a certificate and its entry.
 * The front file; `round.ts` brings disk and process to where they are to be, `running.ts` speaks with the process.
 */
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { Fault } from '../../kit/fault.ts';
import type { Algorithm } from '../../pack/pack.ts';
import type { DriverDeps, EdgeDriver, EdgeInHand, HeldPack, PlacedPack, RefusedPack } from '../driver.ts';
import { showLeaf } from '../handshake.ts';
import { checkPacks } from '../placed/checked-pack.ts';
import { DriverOptions, refused as refusedOption } from '../placed/driver-options.ts';
import { diskFault } from '../placed/durable-file.ts';
import { InTurn } from '../placed/in-turn.ts';
import { someAtATime } from '../placed/some-at-a-time.ts';
import { certificatesOf, type Entry, ownerOf, sha1Of } from './certificate-file.ts';
import { readCrtList, writeCrtList } from './crt-list.ts';
import { type Change, settle } from './round.ts';
import { entriesOf, type Loaded, loadedOf, type Own, runningOf } from './running.ts';
import { RuntimeApi, type RuntimePlace } from './runtime-api.ts';

const OPTIONS = {
  socket:
    'Where HAProxy takes commands: the path of its stats socket, or `host:port`. It needs `level admin`.',
  crt_list:
    'Path of the crt-list file that its bind lines name. Lines that others wrote in it stay as they are.',
  folder:
    'Folder for certificates with their keys, which nobody else may read. HAProxy reads them when it starts.',
};

/** Edges of HAProxy. */
export const haproxyDriver: EdgeDriver = {
  abilities: {
    isDual: true,
    isRuntime: true,
    takesWildcards: true,
    isPulling: false,
    // What it takes at most is asked of the process: it depends on `tune.bufsize`.
    mostBytes: undefined,
    mostNames: 20_000,
  },
  options: OPTIONS,
  open: async (given, deps) => {
    const options = new DriverOptions('haproxy', given, OPTIONS);
    const own = { crtList: options.neededPath('crt_list'), folder: options.neededPath('folder') };
    const edge = new HaproxyEdge(placeOf(options), own, deps);
    await prepare(own);
    return edge;
  },
};

function placeOf(options: DriverOptions): RuntimePlace {
  const text = options.plain('socket') ?? '';
  if (text.startsWith('/')) return { path: options.neededPath('socket') };
  const [, host, port] = /^(?:\[([0-9a-f:.]+)\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined) throw refusedOption('socket', 'must be given: the path of a socket, or host:port');
  return { host: host ?? text.slice(0, text.lastIndexOf(':')), port: Number(port) };
}

/** HAProxy does not start without the file that its configuration names. */
async function prepare({ crtList, folder }: Own): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const list = await readCrtList(crtList, folder);
    if (list.packs.size + list.others.length === 0) await writeCrtList(crtList, list);
  } catch (error) {
    const { message } = diskFault(error, folder);
    throw new Fault('configuration', `[edge]: 'folder' or 'crt_list': ${message}`, { cause: error });
  }
}

/** How often it is told anew because it was started meanwhile. */
const MOST_ROUNDS = 4;

class HaproxyEdge implements EdgeInHand {
  readonly #place: RuntimePlace;
  readonly #own: Own;
  readonly #deps: DriverDeps;
  readonly #turns = new InTurn();
  /** The process in which nothing of ours is left half done; undefined: it has to be looked for. */
  #tidy: string | undefined;

  constructor(place: RuntimePlace, own: Own, deps: DriverDeps) {
    this.#place = place;
    this.#own = own;
    this.#deps = deps;
  }

  apply(packs: readonly PlacedPack[], signal: AbortSignal): Promise<readonly RefusedPack[]> {
    const { checked, refused } = checkPacks(lastOfEach(packs));
    const placed = checked.map((pack) => ({
      packId: pack.packId,
      certificates: certificatesOf(this.#own.folder, pack),
    }));
    return this.#turns.run(async () => [
      ...refused,
      ...(await this.#change({ placed, withdrawn: [] }, signal)),
    ]);
  }

  async withdraw(packIds: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#turns.run(() => this.#change({ placed: [], withdrawn: packIds }, signal));
  }

  inventory(signal: AbortSignal): Promise<readonly HeldPack[]> {
    return this.#turns.run(async () => {
      using api = await RuntimeApi.connect(this.#place, signal);
      const packs = await entriesOf(api, this.#own);
      const paths = [...packs.values()].flat().map(({ path }) => path);
      const loaded = await loadedOf(api, paths);
      return await someAtATime([...packs], ([packId, entries]) => this.#heldOf(packId, entries, loaded));
    });
  }

  verify(ask: { readonly name: string; readonly algorithm: Algorithm }, signal: AbortSignal) {
    return showLeaf({ name: 'haproxy', ...this.#deps.address }, ask, signal);
  }

  async close(): Promise<void> {
    await this.#turns.run(async () => undefined);
  }

  /** Until the process that was told is the one that runs. */
  async #change(change: Change, signal: AbortSignal): Promise<readonly RefusedPack[]> {
    for (let round = 1; round <= MOST_ROUNDS; round++) {
      const { refused, id } = await this.#round(change, signal);
      using api = await RuntimeApi.connect(this.#place, signal);
      if ((await runningOf(api)).id === id) return refused;
    }
    const next = 'what starts it again and again has to end: it is told anew';
    throw new Fault(
      'edge_unreachable',
      `HAProxy was started ${MOST_ROUNDS} times while it was told; ${next}`,
    );
  }

  async #round(change: Change, signal: AbortSignal) {
    using api = await RuntimeApi.connect(this.#place, signal);
    const running = await runningOf(api);
    const isTidying = this.#tidy !== running.id;
    this.#tidy = undefined;
    const refused = await settle({ own: this.#own, api, running, isTidying }, change);
    this.#tidy = running.id;
    return { refused, id: running.id };
  }

  /** What the process shows first, of each algorithm; a leaf that is not the one of its file is none of ours. */
  async #heldOf(
    packId: string,
    entries: readonly Entry[],
    loaded: ReadonlyMap<string, Loaded>,
  ): Promise<HeldPack> {
    const found: { [algorithm in Algorithm]?: string } = {};
    const names = (entries[0]?.names ?? []).filter((name) =>
      entries.every((entry) => entry.names.includes(name)),
    );
    const seen = new Set<Algorithm>();
    for (const { path } of entries) {
      const { algorithm = 'ecdsa' } = ownerOf(this.#own.folder, path) ?? {};
      const leaf = seen.has(algorithm) ? undefined : await leafIn(path);
      seen.add(algorithm);
      if (leaf && sha1Of(leaf) === loaded.get(path)?.sha1)
        found[algorithm] = leaf.fingerprint256.replaceAll(':', '').toLowerCase();
    }
    return { packId, names, leaves: found };
  }
}

/** Of two with one id the last counts. */
const lastOfEach = (packs: readonly PlacedPack[]): PlacedPack[] => [
  ...new Map(packs.map((pack) => [pack.packId, pack])).values(),
];

async function leafIn(path: string): Promise<X509Certificate | undefined> {
  try {
    return new X509Certificate(await readFile(path));
  } catch {
    return undefined;
  }
}
