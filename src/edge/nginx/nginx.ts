import type { Algorithm } from '../../pack/pack.ts';
import type { DriverDeps, EdgeDriver, EdgeInHand, HeldPack, PlacedPack, RefusedPack } from '../driver.ts';
import { showLeaf } from '../handshake.ts';
import { checkManyPacks } from '../placed/checked-pack.ts';
import { DriverOptions } from '../placed/driver-options.ts';
import { PlacedFiles } from '../placed/placed-files.ts';
import { type Change, NginxFiles } from './nginx-files.ts';
import { Rounds } from './rounds.ts';
import { served } from './servers.ts';

const OPTIONS = {
  folder:
    'Folder of keys and server blocks; nginx includes `current/*.conf` in it. The agent’s own unless told.',
  program: 'Path of nginx; `/usr/sbin/nginx` unless told.',
  config: 'Configuration file that nginx runs with (`-c`); the one that it has by itself unless told.',
  pid: 'File that nginx writes its process number to; `/run/nginx.pid` unless told.',
  test: 'Program and arguments that have nginx judge its files, no shell; `program -t -c config` unless told.',
  reload: 'Program and arguments that have nginx load its files anew, no shell; SIGHUP unless told.',
  reload_every: 'Least time between two reloads, in seconds; 5 unless told.',
  gather: 'How long a change waits for others to be loaded with it, in seconds; 1 unless told.',
  patience: 'How long nginx may take for a test or a reload, in seconds; 120 unless told.',
  listen: 'Parameters of the directive `listen`, one each; `443 ssl` and `[::]:443 ssl` unless told.',
  include: 'File, or files with `*`, that every server block includes: what is yours in it.',
} as const;

/**
 * nginx with a server block for each pack: fast to shake hands, and slow to change, because it loads all of them anew. What was put
 * is written to files, tested by nginx itself, loaded, and taken back where nginx does not want it.
 */
export const nginxDriver: EdgeDriver = {
  abilities: {
    isDual: true,
    isRuntime: false,
    takesWildcards: true,
    isPulling: false,
    mostNames: 2_000,
    tlsSettings: [],
  },
  options: OPTIONS,
  async open(given, deps) {
    const options = new DriverOptions('nginx', given, OPTIONS);
    const folder = options.path('folder', deps.dir);
    const nginx = {
      program: options.path('program', '/usr/sbin/nginx'),
      config: options.path('config'),
      pidFile: options.path('pid', '/run/nginx.pid'),
      test: options.command('test'),
      reload: options.command('reload'),
      patience: options.seconds('patience', 120, [1, 3_600]),
    };
    const listen = options.plains('listen', ['443 ssl', '[::]:443 ssl']);
    const terms = { folder, listen, include: options.path('include') };
    const edge = new NginxFiles(new PlacedFiles(folder, 'nobody'), nginx, terms, deps.log);
    await edge.open();
    const rounds = new Rounds<Change, readonly RefusedPack[]>({
      gather: options.seconds('gather', 1, [0, 600]),
      every: options.seconds('reload_every', 5, [0, 86_400]),
      run: (changes) => edge.make(changes),
    });
    return new NginxEdge(edge, rounds, deps.address);
  },
};

class NginxEdge implements EdgeInHand {
  readonly #edge: NginxFiles;
  readonly #rounds: Rounds<Change, readonly RefusedPack[]>;
  readonly #address: DriverDeps['address'];

  constructor(
    edge: NginxFiles,
    rounds: Rounds<Change, readonly RefusedPack[]>,
    address: DriverDeps['address'],
  ) {
    this.#edge = edge;
    this.#rounds = rounds;
    this.#address = address;
  }

  async apply(packs: readonly PlacedPack[], signal: AbortSignal): Promise<readonly RefusedPack[]> {
    const { checked, refused } = await checkManyPacks(packs);
    if (checked.length === 0) return refused;
    const ids = new Set(checked.map(({ packId }) => packId));
    const untaken = await this.#rounds.add({ put: checked }, signal);
    return [...refused, ...untaken.filter(({ packId }) => ids.has(packId))];
  }

  async withdraw(packIds: readonly string[], signal: AbortSignal): Promise<void> {
    if (packIds.length > 0) await this.#rounds.add({ off: packIds }, signal);
  }

  async inventory(): Promise<readonly HeldPack[]> {
    return served(this.#edge.packs).map(({ packId, names, leaves }) => ({ packId, names, leaves }));
  }

  verify(ask: { readonly name: string; readonly algorithm: Algorithm }, signal: AbortSignal) {
    return showLeaf({ name: 'nginx', ...this.#address }, ask, signal);
  }

  close(): Promise<void> {
    return this.#rounds.close();
  }
}
