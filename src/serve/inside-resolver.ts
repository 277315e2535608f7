import { Resolver } from 'node:dns/promises';
import type { Options } from '../kit/config.ts';
import type { AskInside } from '../validation/host-signs.ts';
import { toAddress } from './addresses.ts';

/** Longest that it is waited for, in milliseconds: what it says is beside the point mostly. */
const WITHIN_MS = 1_500;

/** How a recursive resolver is asked that is not the world's; undefined: none is. Throws `configuration` for what is no address. */
export function insideResolverOf({
  inside_resolver: which,
}: Pick<Options, 'inside_resolver'>): AskInside | undefined {
  if (which === '') return undefined;
  const place = which === 'system' ? undefined : toAddress(which);
  return async (name, type, signal) => {
    if (signal.aborted) return undefined;
    const resolver = new Resolver({ timeout: WITHIN_MS, tries: 1 });
    if (place)
      resolver.setServers([
        place.host.includes(':') ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`,
      ]);
    const stop = () => resolver.cancel();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (type === 'A') return await resolver.resolve4(name);
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    } catch {
      return undefined;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
}
