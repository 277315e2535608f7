/** Which room may import which: the map of the source. A new arrow is added here first, or not at all. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const BELOW_API = ['kit', 'acme', 'pack', 'store', 'ca', 'validation', 'edge', 'job'];

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  acme: ['kit'],
  pack: ['kit'],
  store: ['kit', 'pack'],
  ca: ['kit', 'pack', 'acme'],
  validation: ['kit', 'pack'],
  edge: ['kit', 'pack'],
  job: ['kit', 'pack', 'store', 'ca', 'validation', 'edge'],
  api: ['kit', 'pack', 'store', 'ca', 'job'],
  simulator: BELOW_API,
  cli: [...BELOW_API, 'api', 'simulator'],
};

const SRC = new URL('../src/', import.meta.url);
const IMPORT = /(?:^(?:import|export) [^'"]*?from |^import |\bimport\()'(\.[^']+)'/gm;

describe('the floors', () => {
  it('hold: every import stays in its room or goes down', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(isRoomSource);
    assert.ok(files.length > 50, 'the sources were found');
    assert.deepEqual(
      files.flatMap((path) => risingImports(path, readFileSync(new URL(path, SRC), 'utf8'))),
      [],
    );
  });

  const planted = [
    ['store/x.ts', `import { advance } from '../job/advance.ts';`],
    ['acme/x.ts', `import type { Pack } from '../pack/pack.ts';`],
    ['ca/x.ts', `export { getPack } from '../store/packs.ts';`],
    ['job/x.ts', `const api = await import('../api/api.ts');`],
    ['validation/dns/x.ts', `import {\n  a,\n} from '../../edge/edge.ts';`],
    ['pack/x.ts', `import '../store/store.ts';`],
    ['kit/x.ts', `import { fail } from '../main.ts';`],
  ] as const;
  for (const [path, source] of planted) {
    it(`would not hold with ${JSON.stringify(source)} in ${path}`, () => {
      assert.equal(risingImports(path, source).length, 1);
    });
  }

  it('know every room of the source', () => {
    const rooms = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(rooms.map(({ name }) => name).toSorted(), Object.keys(MAY_IMPORT).toSorted());
  });
});

/** main.ts wires everything and a test may reach for anything; neither is held to the floors. */
function isRoomSource(path: string): boolean {
  return path.includes('/') && path.endsWith('.ts') && !/\.test\.ts$|\/test\//.test(path);
}

function risingImports(path: string, source: string): string[] {
  const url = new URL(path, SRC);
  const from = roomOf(path);
  return [...source.matchAll(IMPORT)]
    .map(([, target = '']) => roomOf(new URL(target, url).href.slice(SRC.href.length)))
    .filter((to) => to !== from && !MAY_IMPORT[from]?.includes(to))
    .map((to) => `${path} -> ${to}`);
}

const roomOf = (path: string): string => path.split('/')[0] ?? '';
