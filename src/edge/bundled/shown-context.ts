import type { SecureContext } from 'node:tls';
import type { RemoteContext } from '../../keyless/terminator.ts';
import type { RemoteLimits } from '../../keyless/told.ts';
import { Fault } from '../../kit/fault.ts';
import type { HostnameOrigin } from '../../pack/hostname-origin.ts';
import type { TlsVersion } from '../../pack/hostname-tls.ts';
import { isElsewhere } from '../../pack/key-elsewhere.ts';
import type { ServedKeyPair, ServedPack } from '../edge.ts';
import { toSecureContext } from './secure-context.ts';
import { limitsOf, type TlsLimits } from './tls-limits.ts';

/** What is shown to clients of a name: by Node where the key is here, by a terminator where it is not. */
export interface ShownContext {
  readonly own: SecureContext | RemoteContext;
  /** Whether `h2` may be agreed on by ALPN. */
  readonly takesHttp2: boolean;
  /** Where clients are sent, where origins are taken. */
  readonly origin: HostnameOrigin | undefined;
}

export const isRemote = (own: ShownContext['own']): own is RemoteContext => 'terminator' in own;

/** Makes contexts of packs whose keys are elsewhere. */
export interface RemoteContexts {
  contextOf(limits: RemoteLimits | undefined, first: ServedKeyPair, second?: ServedKeyPair): RemoteContext;
}

/** By what contexts are made. */
export interface ContextTerms {
  /** Undefined: packs are not shown whose keys are elsewhere. */
  readonly elsewhere?: RemoteContexts | undefined;
  /** The lowest version that a custom hostname may have; 1.2 when left out. */
  readonly lowestTls?: TlsVersion | undefined;
}

/** The context of a pack. Throws as `toSecureContext`, and `keyless_not_offered` for a key that is not reached from here. */
export function toContext(pack: ServedPack, { elsewhere, lowestTls }: ContextTerms): ShownContext {
  const { ecdsa, rsa } = pack.certificates;
  const terms = { takesHttp2: pack.tls?.http2 ?? true, origin: pack.origin };
  const limits = limitsOf(pack.tls, lowestTls);
  const [first, second] = [ecdsa, rsa].flatMap((pair) => (pair && isElsewhere(pair.key) ? [pair] : []));
  if (!first) return { own: toSecureContext(pack, limits), ...terms };
  if (!elsewhere)
    throw new Fault('keyless_not_offered', 'this edge has no configuration for keyless certificates');
  return { own: elsewhere.contextOf(pack.tls && remoteLimits(limits), first, second), ...terms };
}

/** A terminator signs what TLS 1.2 and 1.3 have, and decrypts nothing: there is no suite without forward secrecy. */
function remoteLimits({ minVersion, maxVersion, suites }: TlsLimits): RemoteLimits {
  const own = suites.filter((one) => one.startsWith('ECDHE-'));
  const isLatest = minVersion === '1.3' || own.length === 0;
  return { isLatest, isEarlier: maxVersion === '1.2', suites: own };
}
