import { type Static, Type } from 'typebox';
import { type HostnameTls, TLS_VERSIONS } from '../pack/hostname-tls.ts';

/** `HostnameTls` as it goes to edges. What is none is refused as a whole: a limit that is not understood must not be left out. */
export const TlsShape = Type.Object({
  minVersion: Type.Optional(Type.Enum([...TLS_VERSIONS])),
  maxVersion: Type.Optional(Type.Literal('1.2')),
  ciphers: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Z0-9-]{1,40}$' }), { minItems: 1, maxItems: 64 }),
  ),
  http2: Type.Optional(Type.Literal(false)),
});

/** In that shape. */
export const toTlsShape = ({ ciphers, ...rest }: HostnameTls): Static<typeof TlsShape> => ({
  ...rest,
  ...(ciphers && { ciphers: [...ciphers] }),
});
