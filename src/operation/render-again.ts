import type { Pack } from '../pack/pack.ts';
import { JSON_VERSION } from '../pack/pack-json.ts';
import { putRenderedJson } from '../store/rendered-json.ts';
import type { OperationDeps } from './operation.ts';
import { render } from './render.ts';

/**
 * The JSON of a pack where a row was rendered by an older version: rendered again, and stored so. Undefined: the row is
 * up to date, or its pack is gone.
 */
export async function renderAgain(
  deps: OperationDeps,
  row: { readonly jsonVersion: number },
  get: () => Promise<Pack | undefined>,
): Promise<string | undefined> {
  if (row.jsonVersion >= JSON_VERSION) return undefined;
  const pack = await get();
  if (!pack) return undefined;
  const rendered = render(deps, pack);
  await putRenderedJson(deps.pool, pack, rendered);
  return rendered.json;
}
