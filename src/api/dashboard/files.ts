/** The files of the dashboard: built ones where this runs from a package, bundled from the sources where it runs from these. */
import { readdir, readFile } from 'node:fs/promises';
import { Fault } from '../../kit/fault.ts';
import type { DashboardFile, DashboardSource } from '../deps.ts';

type Files = ReadonlyMap<string, DashboardFile>;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

const BUILT = new URL('../../dashboard/', import.meta.url);
const IS_BUILT = import.meta.url.endsWith('.js');

/** The files of this version, made or read when they are first asked for. */
export function dashboardFiles(): DashboardSource {
  let files: Promise<Files> | undefined;
  return () => {
    files ??= (IS_BUILT ? readBuilt() : bundleSources()).catch((cause: unknown) => {
      files = undefined;
      throw new Fault('configuration', 'the dashboard was not built: npm run build', { cause });
    });
    return files;
  };
}

async function readBuilt(): Promise<Files> {
  const names = await readdir(BUILT);
  const bodies = names.map(async (name) => [name, await readFile(new URL(name, BUILT))] as const);
  return toFiles(await Promise.all(bodies));
}

/** The bundler is a tool, which only a checkout has. */
async function bundleSources(): Promise<Files> {
  const tool = new URL('../../../setup/bundle.js', import.meta.url).href;
  const { bundle }: { bundle: () => Promise<Iterable<readonly [string, Uint8Array]>> } = await import(tool);
  return toFiles([...(await bundle())].map(([name, bytes]) => [name, Buffer.from(bytes)]));
}

const toFiles = (bodies: readonly (readonly [string, Buffer])[]): Files =>
  new Map(
    bodies.map(([name, body]) => [name, { type: TYPES[name.replace(/^.*\./, '')] ?? 'text/plain', body }]),
  );
