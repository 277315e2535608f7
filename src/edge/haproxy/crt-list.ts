import { readFile } from 'node:fs/promises';
import { diskFault, writeDurably } from '../placed/durable-file.ts';
import { type Entry, ownerOf } from './certificate-file.ts';

/** A crt-list file (Configuration Manual 5.1, `crt-list`), which HAProxy reads as it starts. */
export interface CrtList {
  /** Entries of ours, by pack. */
  readonly packs: Map<string, readonly Entry[]>;
  /** Lines that somebody else wrote, which stay as they are, before ours. */
  readonly others: readonly string[];
}

/** Reads it; one that is not there is empty. Throws `edge_refused`. */
export async function readCrtList(path: string, folder: string): Promise<CrtList> {
  return toCrtList(await textAt(path), folder);
}

async function textAt(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw diskFault(error, path);
  }
}

/** Entries as HAProxy has them in its file, and as it prints them: a path, perhaps options in brackets, names. */
export function toCrtList(text: string, folder: string): CrtList {
  const packs = new Map<string, Entry[]>();
  const others: string[] = [];
  for (const line of text.split('\n')) {
    const [path = '', ...names] = line.split(' ');
    const owner = ownerOf(folder, path);
    const entries = owner && packs.get(owner.packId);
    if (owner === undefined) others.push(line);
    else if (entries) entries.push({ path, names });
    else packs.set(owner.packId, [{ path, names }]);
  }
  while (others.at(-1) === '') others.pop();
  return { packs, others };
}

/** Puts it in the place of the file, after a crash whole. Throws `edge_refused`. */
export async function writeCrtList(path: string, { packs, others }: CrtList): Promise<void> {
  const entries = [...packs.values()].flat().map(lineOf);
  await writeDurably(path, [...others, ...entries].map((line) => `${line}\n`).join(''), { mode: 0o600 });
}

export const lineOf = ({ path, names }: Entry): string => `${path} ${names.join(' ')}`;
