import { readFile, stat } from 'node:fs/promises';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../kit/fault.ts';
import type { Piece, Reader } from './found.ts';
import { Material } from './material.ts';
import { reasonOf } from './pem-folder.ts';

/** Largest file: as JSON it is in memory a few times over, as YAML with a tree of all its nodes. */
const [MOST_JSON, MOST_YAML] = [400 * 1024 * 1024, 48 * 1024 * 1024];

const Texts = Type.Optional(Type.Record(Type.String(), Type.Unknown()));
const Secret = Compile(
  Type.Object({
    kind: Type.Literal('Secret'),
    type: Type.Literal('kubernetes.io/tls'),
    metadata: Type.Optional(
      Type.Object({ name: Type.Optional(Type.String()), namespace: Type.Optional(Type.String()) }),
    ),
    data: Texts,
    stringData: Texts,
  }),
);
const List = Compile(Type.Object({ items: Type.Array(Type.Unknown()) }));

/** cert-manager's Secrets, as `kubectl get secrets -A -o json` or `-o yaml` prints them, and as manifests have them, several in a file. */
export const readSecrets: Reader = async function* read(source, now) {
  for (const document of await documentsOf(source)) {
    const all = List.Check(document) ? document.items : [document];
    for (const one of all) yield* piecesOf(one, source, now);
  }
};

function* piecesOf(one: unknown, source: string, now: Date): Generator<Piece> {
  if (!Secret.Check(one)) return;
  const { metadata: { name = '?', namespace = 'default' } = {}, data = {}, stringData = {} } = one;
  const where = `${source}: ${namespace}/${name}`;
  const textOf = (field: string): string => {
    const [plain, encoded] = [stringData[field], data[field]];
    if (typeof plain === 'string') return plain;
    return typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString('latin1') : '';
  };
  const material = new Material();
  for (const field of ['tls.crt', 'tls.key', 'ca.crt']) material.add(textOf(field), where);
  const pieces = material.pieces(now);
  if (pieces.length === 0) yield { where, why: 'no certificate in tls.crt' };
  yield* pieces;
}

async function documentsOf(source: string): Promise<readonly unknown[]> {
  const text = await readWhole(source);
  if (/^\s*[[{]/.test(text)) return [parseJson(text, source)];
  if (text.length > MOST_YAML)
    throw new Fault(
      'configuration',
      `${source} is YAML over ${MOST_YAML / 1024 ** 2} MiB: write it with -o json`,
    );
  const { parseAllDocuments } = await import('yaml');
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    // The message of a parser quotes the text, which has keys in it.
    const line = error?.linePos?.[0].line;
    if (error) throw new Fault('configuration', `${source} is no YAML: ${error.code} in line ${line ?? '?'}`);
    try {
      return document.toJS({ maxAliasCount: 100 });
    } catch {
      throw new Fault(
        'configuration',
        `${source} is no YAML of Secrets: its aliases lead nowhere, or stand for too much`,
      );
    }
  });
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault('configuration', `${source} is no JSON`);
  }
}

async function readWhole(source: string): Promise<string> {
  try {
    const { size } = await stat(source);
    if (size <= MOST_JSON) return await readFile(source, 'utf8');
  } catch (error) {
    throw new Fault('configuration', `${source} cannot be read: ${reasonOf(error)}`);
  }
  throw new Fault(
    'configuration',
    `${source} is larger than ${MOST_JSON / 1024 ** 2} MiB: import it in parts`,
  );
}
