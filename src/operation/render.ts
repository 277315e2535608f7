import type { Pack } from '../pack/pack.ts';
import { JSON_VERSION, type JsonContext, toPackJson } from '../pack/pack-json.ts';
import type { RowAside } from '../store/packs.ts';

/** The JSON of a pack as it is stored in its row. */
export const render = ({ json }: { readonly json: JsonContext }, pack: Pack): Omit<RowAside, 'dueAt'> => ({
  json: JSON.stringify(toPackJson(pack, json)),
  jsonVersion: JSON_VERSION,
});
