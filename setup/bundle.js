/**
 * The dashboard as browsers load it: one page, one script and one style sheet, each but the page called after its hash. Nothing
 * is loaded from anywhere else.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

const SOURCES = new URL('../src/dashboard/', import.meta.url);
const at = (name) => fileURLToPath(new URL(name, SOURCES));

/** The files by their names. */
export async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [at('main.tsx'), at('style/style.css'), at('icon.svg')],
    entryNames: '[name]-[hash]',
    loader: { '.svg': 'copy' },
    outdir: 'out',
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: ['es2024', 'chrome120', 'firefox128', 'safari17.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'inline',
    logLevel: 'silent',
  });
  await stop();
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  const named = (ending) => [...files.keys()].find((name) => name.endsWith(ending));
  const page = (await readFile(at('index.html'), 'utf8')).replaceAll(/%(js|css|svg)%/g, (_, ending) =>
    named(`.${ending}`),
  );
  return files.set('index.html', Buffer.from(page));
}
