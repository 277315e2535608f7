import { join } from 'node:path';
import type { Reader } from './found.ts';
import { gather } from './pem-folder.ts';

/** Caddy's data folder: `certificates/<ca>/<name>/<name>.crt`, `.key` and `.json`; the accounts beside it are none of an import's. */
export const readCaddy: Reader = async function* read(source, now) {
  yield* (await gather([join(source, 'certificates')])).pieces(now);
};
