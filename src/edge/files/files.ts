/**
 * Files in PEM for any program that reads them, and a hook that tells it. Terms:
 * - version: a folder with chain and key of a pack, which is never changed.
 * - entry: a link to a version, of a fixed path; chain and key change together as the link does.
 * - hook: the program that is run after entries changed; where it fails they are put back.
 * The front file; `layout.ts` has how files lie.
 */
import { Fault } from '../../kit/fault.ts';

import type { Algorithm } from '../../pack/pack.ts';
import type { DriverDeps, EdgeDriver, EdgeInHand, HeldPack, PlacedPack, RefusedPack } from '../driver.ts';
import { showLeaf } from '../handshake.ts';
import { type CheckedPack, checkPacks } from '../placed/checked-pack.ts';
import { DriverOptions } from '../placed/driver-options.ts';
import { diskFault } from '../placed/durable-file.ts';
import { InTurn } from '../placed/in-turn.ts';
import { someAtATime } from '../placed/some-at-a-time.ts';
import { Hook } from './hook.ts';
import { Journal } from './journal.ts';
import {
  clearVersions,
  entriesOf,
  heldIn,
  type LayoutOptions,
  type Links,
  linksIn,
  othersIn,
  packIn,
  pointLinks,
  prepareLayout,
  type Version,
  writeVersion,
} from './layout.ts';
import { idIn } from './owner.ts';

const OPTIONS = {
  folder: 'Folder of the files. What others have in it stays as it is.',
  layout:
    '`pack`: a folder for each pack, called by its id (unless set). `name`: one for each name, `_.example.com` for a wildcard.',
  contents:
    '`separate`: `ecdsa-fullchain.pem` and `ecdsa-privkey.pem`, and the same for `rsa` (unless set). `combined`: `ecdsa-combined.pem` with both.',
  owner: 'User to whom the files are given, by name or number. Unset: who the agent runs as.',
  group: 'Group to which the files are given, by name or number.',
  mode: "Mode of the files in octal. Unset: '600'.",
  hook: 'Program and arguments, run without a shell after files changed, once for all that change together. Where it fails, the files that were there are put back.',
  hook_timeout_s: 'Seconds after which a run of the hook is ended and has failed (30).',
  hook_interval_s: 'Least seconds from the end of one run to the next (1).',
};

/** Programs that read files in PEM. */
export const filesDriver: EdgeDriver = {
  abilities: {
    isDual: true,
    isRuntime: false,
    takesWildcards: true,
    isPulling: false,
    mostNames: 10_000,
    tlsSettings: [],
  },
  options: OPTIONS,
  open: async (given, deps) => {
    const options = new DriverOptions('files', given, OPTIONS);
    const layout: LayoutOptions = {
      folder: options.neededPath('folder'),
      by: options.choice('layout', ['pack', 'name']),
      contents: options.choice('contents', ['separate', 'combined']),
      access: { mode: options.mode('mode', '600'), uid: idIn(options, 'owner'), gid: idIn(options, 'group') },
    };
    const hook = hookIn(options);
    await prepareLayout(layout).catch((cause: unknown) => {
      throw new Fault('configuration', `[edge]: 'folder': ${diskFault(cause, layout.folder).message}`, {
        cause,
      });
    });
    return new FilesEdge(layout, hook, deps);
  },
};

function hookIn(options: DriverOptions): Hook | undefined {
  const command = options.command('hook');
  const within = options.seconds('hook_timeout_s', 30, [0.1, 600]);
  const interval = options.seconds('hook_interval_s', 1, [0, 3_600]);
  return command && new Hook({ command, within, interval });
}

/** How many runs of the hook one call may take to find the packs that it does not like. */
const MOST_RUNS = 40;

/** What one call has left. */
interface Budget {
  runs: number;
  readonly signal: AbortSignal;
}

class FilesEdge implements EdgeInHand {
  readonly #layout: LayoutOptions;
  readonly #hook: Hook | undefined;
  readonly #deps: DriverDeps;
  readonly #journal: Journal;
  readonly #turns = new InTurn();

  constructor(layout: LayoutOptions, hook: Hook | undefined, deps: DriverDeps) {
    this.#layout = layout;
    this.#hook = hook;
    this.#deps = deps;
    this.#journal = new Journal(layout);
  }

  apply(packs: readonly PlacedPack[], signal: AbortSignal): Promise<readonly RefusedPack[]> {
    return this.#inTurn(signal, async () => {
      const { checked, refused } = checkPacks([
        ...new Map(packs.map((pack) => [pack.packId, pack])).values(),
      ]);
      const barred = await this.#barred(checked);
      const free = checked.filter(({ packId }) => !barred.some((one) => one.packId === packId));
      const versions = await someAtATime(free, (pack) => writeVersion(this.#layout, pack));
      return [...refused, ...barred, ...(await this.#bring(versions, { runs: MOST_RUNS, signal }))];
    });
  }

  async withdraw(packIds: readonly string[], signal: AbortSignal): Promise<void> {
    const gone = new Set(packIds);
    await this.#inTurn(signal, async () => {
      const links = await linksIn(this.#layout);
      const wanted = new Map(
        [...links].flatMap(([entry, target]) => (gone.has(packIn(target)) ? [[entry, '']] : [])),
      );
      const why = await this.#swap(links, wanted, signal);
      if (why !== undefined) throw new Fault('edge_refused', `${why}; what was there was put back`);
    });
  }

  inventory(signal: AbortSignal): Promise<readonly HeldPack[]> {
    return this.#inTurn(signal, () => heldIn(this.#layout));
  }

  verify(ask: { readonly name: string; readonly algorithm: Algorithm }, signal: AbortSignal) {
    return showLeaf({ name: 'files', ...this.#deps.address }, ask, signal);
  }

  async close(): Promise<void> {
    await this.#turns.run(async () => undefined);
  }

  /** One call after the other, each from a folder in which nothing is half done. */
  #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      signal.throwIfAborted();
      try {
        const before = await this.#journal.read();
        if (before) await this.#putBack(before, signal);
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        throw diskFault(error, this.#layout.folder);
      } finally {
        await this.#clear();
      }
    });
  }

  /** Packs of which an entry is somebody else's file or folder. */
  async #barred(packs: readonly CheckedPack[]): Promise<RefusedPack[]> {
    const others = await othersIn(this.#layout, await linksIn(this.#layout));
    return packs.flatMap((pack) => {
      const taken = entriesOf(this.#layout, pack).find((entry) => others.has(entry));
      const twin = this.#layout.by === 'name' && pack.names.find((name) => name.startsWith('_.'));
      if (twin) return [{ packId: pack.packId, why: `${twin} would have the folder of a wildcard` }];
      const why = `${this.#layout.folder}/${taken} is there and is not ours: move it away`;
      return taken === undefined ? [] : [{ packId: pack.packId, why }];
    });
  }

  /** Has the links of packs lead to versions; halves what the hook does not like until it is known which packs these are. */
  async #bring(versions: readonly Version[], budget: Budget): Promise<RefusedPack[]> {
    const links = await linksIn(this.#layout);
    const wanted = changesTo(links, versions);
    budget.runs--;
    const why = await this.#swap(links, wanted, budget.signal);
    if (why === undefined) return [];
    if (versions.length <= 1 || budget.runs < 2) return versions.map(({ packId }) => ({ packId, why }));
    const half = Math.ceil(versions.length / 2);
    const first = await this.#bring(versions.slice(0, half), budget);
    return [...first, ...(await this.#bring(versions.slice(half), budget))];
  }

  /** Changes links and runs the hook. Where that fails they are as before, and it is said why. */
  async #swap(links: Links, wanted: Links, signal: AbortSignal): Promise<string | undefined> {
    if (wanted.size > 0) {
      const before = new Map([...wanted.keys()].map((entry) => [entry, links.get(entry) ?? '']));
      await this.#journal.write(before);
      await this.#point(wanted, before);
      const why = await this.#hook?.run(signal);
      if (why !== undefined) {
        await this.#putBack(before, signal);
        return why;
      }
      await this.#journal.remove();
    }
    return undefined;
  }

  async #point(wanted: Links, before: Links): Promise<void> {
    try {
      await pointLinks(this.#layout, wanted);
    } catch (error) {
      await pointLinks(this.#layout, before);
      await this.#journal.remove();
      throw error;
    }
  }

  /** Keys that nobody is to use any more go, but not those that may have to be put back. */
  async #clear(): Promise<void> {
    try {
      if ((await this.#journal.read()) === undefined) await clearVersions(this.#layout);
    } catch (error) {
      this.#deps.log.warn({ err: diskFault(error, this.#layout.folder) }, 'versions cannot be removed');
    }
  }

  /** Throws `edge_refused` where the hook fails also with what was there before: then it is at fault itself. */
  async #putBack(before: Links, signal: AbortSignal): Promise<void> {
    await pointLinks(this.#layout, before);
    const why = await this.#hook?.run(signal);
    // It stays while the program may have read what is not there any more.
    if (why !== undefined)
      throw new Fault(
        'edge_refused',
        `${why}, also with the files that were there before, which were put back`,
      );
    await this.#journal.remove();
  }
}

/** Links that have to change for packs to have these versions, and no other links. */
function changesTo(links: Links, versions: readonly Version[]): Links {
  const wanted = new Map(versions.flatMap(({ entries, target }) => entries.map((entry) => [entry, target])));
  const packIds = new Set(versions.map(({ packId }) => packId));
  for (const [entry, target] of links)
    if (packIds.has(packIn(target)) && !wanted.has(entry)) wanted.set(entry, '');
  for (const [entry, target] of wanted) if (links.get(entry) === target) wanted.delete(entry);
  return wanted;
}
