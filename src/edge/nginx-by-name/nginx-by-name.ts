import { stat } from 'node:fs/promises';
import { Fault } from '../../kit/fault.ts';
import type { Algorithm } from '../../pack/pack.ts';
import { isHostName } from '../bundled/host-name.ts';
import type { DriverDeps, EdgeDriver, EdgeInHand, HeldPack, PlacedPack, RefusedPack } from '../driver.ts';
import { showLeaf } from '../handshake.ts';
import { checkManyPacks } from '../placed/checked-pack.ts';
import { DriverOptions } from '../placed/driver-options.ts';
import { PlacedFiles } from '../placed/placed-files.ts';
import { certificatesText, mapsText } from './name-paths.ts';
import { NamedPacks } from './named-packs.ts';

const OPTIONS = {
  folder:
    'Folder of links and keys, which workers of nginx read as their group; it has no other use. Needed.',
  default_name: 'Name whose pack clients without SNI are shown; such a client gets none unless told.',
} as const;

const MAKE_IT = 'make a folder that is the agent’s, of the group of nginx’s workers, with mode 2750';

/**
 * nginx that reads the files of a name when a client asks for it: nothing to reload and no memory for certificates,
 * for several times the work at each handshake. Names have to come in lower case.
 */
export const nginxByNameDriver: EdgeDriver = {
  abilities: {
    isDual: true,
    isRuntime: true,
    takesWildcards: true,
    isPulling: false,
    mostNames: 10_000,
    tlsSettings: [],
  },
  options: OPTIONS,
  async open(given, deps) {
    const options = new DriverOptions('nginx_by_name', given, OPTIONS);
    const folder = options.path('folder');
    const name = options.plain('default_name');
    if (folder === undefined) throw new Fault('configuration', `[edge]: 'folder' is needed: ${MAKE_IT}`);
    if (name !== undefined && !isHostName(name))
      throw new Fault('configuration', "[edge]: 'default_name' must be a host name in lower case");
    if (!(await stat(folder).catch(() => undefined))?.isDirectory())
      throw new Fault('configuration', `[edge]: 'folder' ${folder} is not there: ${MAKE_IT}`);
    const files = new PlacedFiles(folder, 'group');
    await files.write('maps.conf', mapsText(folder, name));
    await files.write('certificates.conf', certificatesText(folder));
    const packs = new NamedPacks(files, deps.log);
    await packs.open();
    return new NginxByName(packs, deps.address);
  },
};

class NginxByName implements EdgeInHand {
  readonly #packs: NamedPacks;
  readonly #address: DriverDeps['address'];

  constructor(packs: NamedPacks, address: DriverDeps['address']) {
    this.#packs = packs;
    this.#address = address;
  }

  async apply(packs: readonly PlacedPack[], signal: AbortSignal): Promise<readonly RefusedPack[]> {
    const { checked, refused } = await checkManyPacks(packs);
    await this.#packs.put(checked, signal);
    return refused;
  }

  withdraw(packIds: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#packs.off(packIds, signal);
  }

  inventory(): Promise<readonly HeldPack[]> {
    return this.#packs.inventory();
  }

  verify(ask: { readonly name: string; readonly algorithm: Algorithm }, signal: AbortSignal) {
    return showLeaf({ name: 'nginx', ...this.#address }, ask, signal);
  }

  close(): Promise<void> {
    return this.#packs.close();
  }
}
