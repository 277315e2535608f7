import type { SecureContext } from 'node:tls';
import type { RemoteContext } from '../../keyless/terminator.ts';
import { Fault } from '../../kit/fault.ts';
import { isElsewhere } from '../../pack/key-elsewhere.ts';
import type { ServedKeyPair, ServedPack } from '../edge.ts';
import { toSecureContext } from './secure-context.ts';

/** What is shown to clients of a name: by Node where the key is here, by a terminator where it is not. */
export type ShownContext = SecureContext | RemoteContext;

export const isRemote = (context: ShownContext): context is RemoteContext => 'terminator' in context;

/** Makes contexts of packs whose keys are elsewhere. */
export interface RemoteContexts {
  contextOf(first: ServedKeyPair, second?: ServedKeyPair): RemoteContext;
}

/** The context of a pack. Throws as `toSecureContext`, and `keyless_not_offered` for a key that is not reached from here. */
export function toContext(pack: ServedPack, elsewhere: RemoteContexts | undefined): ShownContext {
  const { ecdsa, rsa } = pack.certificates;
  const [first, second] = [ecdsa, rsa].flatMap((pair) => (pair && isElsewhere(pair.key) ? [pair] : []));
  if (!first) return toSecureContext(pack);
  if (elsewhere) return elsewhere.contextOf(first, second);
  throw new Fault('keyless_not_offered', 'this edge has no configuration for keyless certificates');
}
