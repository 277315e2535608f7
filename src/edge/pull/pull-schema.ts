import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { MOST_ORIGIN_ADDRESSES } from '../../pack/hostname-origin.ts';
import type { ServedFile, ServedPack } from '../edge.ts';
import { TlsShape } from '../tls-shape.ts';

const KeyPair = Type.Object({ chain: Type.String(), key: Type.String() });

const Origin = Type.Object({
  name: Type.String(),
  sni: Type.Optional(Type.String()),
  at: Type.Array(Type.String(), { maxItems: MOST_ORIGIN_ADDRESSES }),
});

const packShape = Compile(
  Type.Object({
    packId: Type.String(),
    hosts: Type.Array(Type.String()),
    certificates: Type.Object({ ecdsa: Type.Optional(KeyPair), rsa: Type.Optional(KeyPair) }),
    tls: Type.Optional(TlsShape),
    origin: Type.Optional(Origin),
  }),
);

const fileShape = Compile(Type.Object({ body: Type.String() }));

const changeShape = Compile(Type.Object({ hosts: Type.Array(Type.String()) }));

/** The pack in an answer of the pull listener, or undefined when `body` is none. Never throws. */
export function toServedPack(body: string): ServedPack | undefined {
  const value = toValue(body);
  return packShape.Check(value) ? value : undefined;
}

/** The file in an answer of the pull listener, or undefined when `body` has none. Never throws. */
export function toServedFile(body: string): ServedFile | undefined {
  const value = toValue(body);
  return fileShape.Check(value) ? value : undefined;
}

/** The hosts of a line of changes; none for a line that tells of none. Never throws. */
export function toHosts(line: string): readonly string[] {
  const value = toValue(line);
  return changeShape.Check(value) ? value.hosts : [];
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
