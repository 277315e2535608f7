import { join } from 'node:path';
import type { Reader } from './found.ts';
import { gather } from './pem-folder.ts';

/** certbot's folder, /etc/letsencrypt: what `live` leads to is in use, and of `archive` nothing else is. */
export const readCertbot: Reader = async function* read(source, now) {
  yield* (await gather([join(source, 'live')])).pieces(now);
};
