import { join } from 'node:path';
import type { Log } from '../../kit/log.ts';
import { fileNameOf, PackFiles } from './pack-files.ts';
import type { SealedPack } from './protocol.ts';
import { entriesOf, Serving, type Told, type WantedPack } from './serving.ts';
import { type StateEntry, StateLog } from './state-log.ts';
import { givePrivateFolder } from './whole-file.ts';

/** A log that is longer than this for each name and pack, and so much more, is begun anew: about twice what it has to be. */
const BYTES_A_ROW = 400;
const SLACK_BYTES = 4_194_304;

/**
 * The last good state, in memory and on the disk: which pack serves each name, and the packs as they came. One change at a time; each is
 * there as a whole or not at all, whatever is killed and whichever disk is full.
 */
export class AgentState {
  /** What is wanted at the edge. */
  readonly serving: Serving;
  readonly #log: StateLog;
  readonly #files: PackFiles;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(serving: Serving, log: StateLog, files: PackFiles) {
    this.serving = serving;
    this.#log = log;
    this.#files = files;
  }

  /** Reads what is in a folder, which it makes. Throws `configuration`. */
  static async open(dir: string, log: Log): Promise<AgentState> {
    await givePrivateFolder(dir);
    const files = await PackFiles.open(join(dir, 'packs'));
    const [serving, entries] = [new Serving(), new StateLog(join(dir, 'names.log'))];
    const isSound = await entries.read((entry) => serving.read(entry));
    if (!isSound) {
      serving.doubt();
      log.warn({ dir }, 'the state on the disk is damaged: what is good of it serves, all is asked for anew');
    }
    // Files that nothing names are what a crash left, unless what names them was lost.
    if (serving.at !== undefined) await files.keepOnly(new Set(serving.packs.map(fileNameOf)));
    return new AgentState(serving, entries, files);
  }

  /** A pack as it came; undefined where its file is not there, or not as it was written. */
  sealed(pack: Pick<WantedPack, 'packId' | 'digest'>): Promise<SealedPack | undefined> {
    return this.#files.read(pack);
  }

  /** Keeps a pack on the disk; it counts once it is told with its names. Throws `configuration`. */
  store(pack: SealedPack): Promise<void> {
    return this.#files.write(pack);
  }

  /** Takes over what was told. Throws `configuration` where it cannot be kept: all is as before then. */
  take(told: Told): Promise<void> {
    return this.#one(async () => {
      const { serving } = this;
      const touched = new Set([...told.packs.map(({ packId }) => packId), ...this.#losing(told)]);
      const before = [...touched].flatMap((packId) => {
        const pack = serving.pack(packId);
        return pack ? [{ packId, digest: pack.digest }] : [];
      });
      await this.#write(entriesOf(told));
      for (const { packId, digest } of before)
        if (serving.pack(packId)?.digest !== digest) await this.#files.remove({ packId, digest });
    });
  }

  /** It was told that these are gone: nothing of them has to be remembered. Throws as `take`. */
  release(packIds: readonly string[]): Promise<void> {
    return this.#one(async () => {
      const released = packIds.filter((id) => this.serving.leavingPack(id));
      if (released.length > 0) await this.#write([{ released, at: this.serving.at ?? null }]);
    });
  }

  async close(): Promise<void> {
    await this.#changing.catch(() => undefined);
    await this.#log.close();
  }

  /** Packs that lose a name by what was told. */
  #losing({ names, gone }: Told): string[] {
    return [...names.keys(), ...gone].flatMap((name) => {
      const pack = this.serving.packNamed(name);
      return pack ? [pack.packId] : [];
    });
  }

  async #one(change: () => Promise<void>): Promise<void> {
    const mine = this.#changing.catch(() => undefined).then(change);
    this.#changing = mine;
    return mine;
  }

  async #write(entries: readonly StateEntry[]): Promise<void> {
    await this.#log.append(entries);
    for (const entry of entries) this.serving.read(entry);
    const { packs, names } = this.serving.counts;
    if (this.#log.size < (packs + names) * BYTES_A_ROW + SLACK_BYTES) return;
    // What was told is kept already: a log that cannot be made shorter now is made so later.
    await this.#log.rewrite(this.serving.all()).catch(() => undefined);
  }
}
