import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Noted = Type.Object({
  packId: Type.String(),
  names: Type.Array(Type.String()),
  leaves: Type.Object({ ecdsa: Type.Optional(Type.String()), rsa: Type.Optional(Type.String()) }),
  /** Of its files (`CheckedPack`). */
  digest: Type.String(),
  /** Packs with a higher one were put later. */
  order: Type.Integer(),
});

/** What is kept beside the files of a pack, so that it is known after a restart what lies there. */
export type NotedPack = Static<typeof Noted>;

const notedShape = Compile(Noted);
const listShape = Compile(Type.Array(Noted));

/** The pack in a note; undefined for a text that is none. Never throws. */
export function toNotedPack(text: string): NotedPack | undefined {
  const value = toValue(text);
  return notedShape.Check(value) ? value : undefined;
}

/** The packs in a list of notes; undefined for a text that is none. Never throws. */
export function toNotedPacks(text: string): NotedPack[] | undefined {
  const value = toValue(text);
  return listShape.Check(value) ? value : undefined;
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
