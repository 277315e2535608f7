import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import type { HeldPack } from '../driver.ts';
import type { CheckedPack } from '../placed/checked-pack.ts';
import { diskFault, type FileAccess, syncFolder, UNFINISHED, writeWhole } from '../placed/durable-file.ts';
import { someAtATime } from '../placed/some-at-a-time.ts';

/** How files lie in the folder. */
export interface LayoutOptions {
  readonly folder: string;
  /** What the folders in it are called by. */
  readonly by: 'pack' | 'name';
  /** Whether chain and key of an algorithm are two files or one. */
  readonly contents: 'separate' | 'combined';
  readonly access: FileAccess;
}

/** Links of a folder: what each leads to, from the folder. Only those of ours. */
export type Links = ReadonlyMap<string, string>;

/** Where versions of packs lie, from the folder; nothing in it is ever changed. */
export const OWN = '.certpacks';
const VERSIONS = `${OWN}/versions`;

/** A version of a pack: where it lies, and the links that are to lead there. */
export interface Version {
  readonly packId: string;
  readonly target: string;
  readonly entries: readonly string[];
}

/** File in a version with the names of the pack, one a line. */
const NAMES = 'names';

/** A wildcard as part of a path: no host has a label like this. */
const entryOf = (name: string): string => name.replace('*', '_');

/** The links that a pack is to have. */
export const entriesOf = ({ by }: LayoutOptions, { packId, names }: CheckedPack): string[] =>
  by === 'pack' ? [packId] : names.map(entryOf);

const TARGET = /^\.certpacks\/versions\/[0-9A-Za-z-]{1,64}\.[0-9a-f]{16}$/;

/** The pack of which a link leads to a version. */
export const packIn = (target: string): string => target.slice(VERSIONS.length + 1).split('.')[0] ?? '';

/** The links that are there. */
export async function linksIn({ folder }: LayoutOptions): Promise<Links> {
  const found = await readdir(folder, { withFileTypes: true });
  const links = await someAtATime(
    found.filter((entry) => entry.isSymbolicLink()),
    async ({ name }) => [name, await readlink(join(folder, name))] as const,
  );
  return new Map(links.filter(([, target]) => TARGET.test(target)));
}

/** Names in the folder that are somebody else's. */
export async function othersIn({ folder }: LayoutOptions, links: Links): Promise<ReadonlySet<string>> {
  return new Set((await readdir(folder)).filter((name) => !links.has(name)));
}

/** Writes a version of a pack, so that it is on the disk whole or not at all. Throws `edge_refused`. */
export async function writeVersion(options: LayoutOptions, pack: CheckedPack): Promise<Version> {
  const files = filesOf(options, pack);
  const digest = createHash('sha256')
    .update(JSON.stringify([files, options.access]))
    .digest('hex')
    .slice(0, 16);
  const target = `${VERSIONS}/${pack.packId}.${digest}`;
  const path = join(options.folder, target);
  if (!(await isWhole(path, files))) await writeFolder(path, files, options.access);
  return { packId: pack.packId, target, entries: entriesOf(options, pack) };
}

type Files = readonly (readonly [name: string, text: string])[];

function filesOf({ contents }: LayoutOptions, { names, files: pems }: CheckedPack): Files {
  const files: (readonly [name: string, text: string])[] = [[NAMES, `${names.toSorted().join('\n')}\n`]];
  for (const algorithm of ALGORITHMS) {
    const pem = pems[algorithm];
    if (pem === undefined) continue;
    const key = pem.indexOf('-----BEGIN PRIVATE KEY-----');
    if (contents === 'combined') files.push([`${algorithm}-combined.pem`, pem]);
    else
      files.push(
        [`${algorithm}-fullchain.pem`, pem.slice(0, key)],
        [`${algorithm}-privkey.pem`, pem.slice(key)],
      );
  }
  return files;
}

async function isWhole(path: string, files: Files): Promise<boolean> {
  for (const [name, text] of files)
    if ((await readFile(join(path, name), 'utf8').catch(() => undefined)) !== text) return false;
  return true;
}

async function writeFolder(path: string, files: Files, access: FileAccess): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { mode: 0o755 });
    for (const [name, text] of files) await writeWhole(join(unfinished, name), text, access);
    await syncFolder(unfinished);
    // There is one in its place only where somebody changed a file in it.
    await rm(path, { recursive: true, force: true });
    await rename(unfinished, path);
    await syncFolder(join(path, '..'));
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw diskFault(error, path);
  }
}

/** Makes the folder and what is in it of ours. */
export async function prepareLayout({ folder }: LayoutOptions): Promise<void> {
  await mkdir(join(folder, VERSIONS), { recursive: true, mode: 0o755 });
}

/** Has links lead where they are to, each at once; '' for none. Throws `edge_refused`. */
export async function pointLinks({ folder }: LayoutOptions, wanted: Links): Promise<void> {
  for (const [entry, target] of wanted) {
    const path = join(folder, entry);
    try {
      await pointLink(path, target, join(folder, OWN, `link${UNFINISHED}`));
    } catch (error) {
      throw diskFault(error, path);
    }
  }
  await syncFolder(folder);
}

async function pointLink(path: string, target: string, unfinished: string): Promise<void> {
  if (target === '') return rm(path, { force: true });
  await rm(unfinished, { force: true });
  await symlink(target, unfinished);
  await rename(unfinished, path);
}

/** Removes versions to which no link leads, with their keys. */
export async function clearVersions(options: LayoutOptions): Promise<void> {
  const wanted = new Set((await linksIn(options)).values());
  const there = (await readdir(join(options.folder, VERSIONS))).map((name) => `${VERSIONS}/${name}`);
  for (const target of there.filter((one) => !wanted.has(one)))
    await rm(join(options.folder, target), { recursive: true, force: true });
}

/** What lies there. */
export async function heldIn(options: LayoutOptions): Promise<HeldPack[]> {
  const links = await linksIn(options);
  const targets = [...new Set(links.values())];
  return someAtATime(targets, async (target) => {
    const path = join(options.folder, target);
    const all = await readFile(join(path, NAMES), 'utf8').catch(() => '');
    const isLinked = (name: string) => links.get(entryOf(name)) === target;
    const names = all.split('\n').filter((name) => name !== '' && (options.by === 'pack' || isLinked(name)));
    return { packId: packIn(target), names, leaves: await leavesIn(path, options) };
  });
}

async function leavesIn(path: string, { contents }: LayoutOptions): Promise<HeldPack['leaves']> {
  const leaves: { [algorithm in Algorithm]?: string } = {};
  for (const algorithm of ALGORITHMS) {
    const name = `${algorithm}-${contents === 'combined' ? 'combined' : 'fullchain'}.pem`;
    const pem = await readFile(join(path, name), 'utf8').catch(() => '');
    const leaf = leafOf(pem);
    if (leaf) leaves[algorithm] = leaf.fingerprint256.replaceAll(':', '').toLowerCase();
  }
  return leaves;
}

function leafOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
