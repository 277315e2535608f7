/** Which room may import which: the map of the source. A new arrow is added here first, or not at all. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

/** The rooms, the lowest first. A room imports those that are named, and nothing else. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  acme: ['kit'],
  dns: ['kit'],
  postgres: ['kit'],
  pack: ['kit'],
  record: ['kit'],
  store: ['kit', 'pack', 'record'],
  ca: ['kit', 'pack', 'acme'],
  key: ['kit', 'pack'],
  validation: ['kit', 'pack', 'dns'],
  keyless: ['kit', 'pack'],
  edge: ['kit', 'dns', 'pack', 'keyless'],
  notify: ['kit', 'pack'],
  upload: ['kit', 'pack', 'ca'],
  operation: ['kit', 'pack', 'record', 'store', 'ca', 'key', 'upload'],
  job: ['kit', 'dns', 'pack', 'store', 'ca', 'key', 'validation', 'keyless', 'edge', 'notify', 'operation'],
  api: ['kit', 'pack', 'record', 'store', 'ca', 'upload', 'operation'],
  dashboard: ['kit', 'pack'],
  simulator: ['kit', 'acme', 'pack', 'ca'],
  serve: [
    'kit',
    'acme',
    'dns',
    'postgres',
    'pack',
    'record',
    'store',
    'ca',
    'key',
    'validation',
    'keyless',
    'edge',
    'notify',
    'upload',
    'operation',
    'job',
    'api',
  ],
  dev: [
    'kit',
    'pack',
    'record',
    'store',
    'ca',
    'keyless',
    'edge',
    'upload',
    'operation',
    'api',
    'simulator',
    'serve',
  ],
  cli: ['kit', 'postgres', 'pack', 'store', 'ca', 'keyless', 'edge', 'operation', 'serve', 'dev'],
};

const SRC = new URL('../src/', import.meta.url);
const IMPORT = /(?:^(?:import|export) [^'"]*?from |^import |\bimport\()'(\.[^']+)'/gm;

/** Every file of the source but tests, with the files that it imports, for values or for types alone. */
const IMPORTS: ReadonlyMap<string, readonly string[]> = new Map(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.test.ts'))
    .map((path) => [path, importsOf(path, readFileSync(new URL(path, SRC), 'utf8'))]),
);

describe('the floors', () => {
  it('hold: every import stays in its room or goes down', () => {
    assert.ok(IMPORTS.size > 200, 'the sources were found');
    assert.deepEqual(
      [...IMPORTS].flatMap(([path, targets]) => rising(path, targets)),
      [],
    );
  });

  const planted = [
    ['store/x.ts', `import { advance } from '../operation/advance.ts';`],
    ['acme/x.ts', `import type { Pack } from '../pack/pack.ts';`],
    ['ca/x.ts', `export { getPack } from '../store/packs.ts';`],
    ['job/engine/x.ts', `const api = await import('../../api/api.ts');`],
    ['api/resource/x.ts', `import { run } from '../../job/engine/run.ts';`],
    ['dns/server/x.ts', `import {\n  a,\n} from '../../edge/edge.ts';`],
    ['pack/x.ts', `import '../store/store.ts';`],
    ['kit/x.ts', `import { fail } from '../main.ts';`],
    ['dashboard/view/x.tsx', `import type { Token } from '../../store/token-row.ts';`],
  ] as const;
  for (const [path, source] of planted) {
    it(`would not hold with ${JSON.stringify(source)} in ${path}`, () => {
      assert.equal(rising(path, importsOf(path, source)).length, 1);
    });
  }

  it('know every room of the source', () => {
    const rooms = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(rooms.map(({ name }) => name).toSorted(), Object.keys(MAY_IMPORT).toSorted());
  });
});

describe('the files of the source', () => {
  it('are in no circle of imports, those of types included', () => {
    assert.deepEqual(circlesOf(IMPORTS), []);
  });

  it('would be in one that is planted', () => {
    const planted = new Map([
      ['a.ts', ['b.ts', 'd.ts']],
      ['b.ts', ['c.ts']],
      ['c.ts', ['a.ts']],
      ['d.ts', []],
    ]);
    assert.deepEqual(circlesOf(planted), [['a.ts', 'b.ts', 'c.ts']]);
  });
});

describe('the sizes of rooms', () => {
  // A folder's own files; folders in it are counted apart.
  it('are such that no room has more than 15 % of the lines', () => {
    const lines = new Map<string, number>();
    for (const path of IMPORTS.keys()) {
      const room = path.split('/').slice(0, -1).join('/');
      const length = readFileSync(new URL(path, SRC), 'utf8').split('\n').length;
      lines.set(room, (lines.get(room) ?? 0) + length);
    }
    const all = [...lines.values()].reduce((sum, n) => sum + n, 0);
    assert.deepEqual(
      [...lines].filter(([, n]) => n > all * 0.15),
      [],
    );
  });
});

/** Paths of the imported files, from the folder of the source. */
function importsOf(path: string, source: string): string[] {
  const url = new URL(path, SRC);
  return [...source.matchAll(IMPORT)].map(([, target = '']) =>
    new URL(target, url).href.slice(SRC.href.length),
  );
}

/** main.ts wires everything and is held to nothing. */
function rising(path: string, targets: readonly string[]): string[] {
  const from = roomOf(path);
  if (from === 'main.ts') return [];
  return targets
    .filter((to) => roomOf(to) !== from && !MAY_IMPORT[from]?.includes(roomOf(to)))
    .map((to) => `${path} -> ${to}`);
}

const roomOf = (path: string): string => path.split('/')[0] ?? '';

/** Groups of files that each lead to all others of the group (strongly connected), by name. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const reach = new Map([...imports.keys()].map((path) => [path, reachedFrom(path, imports)]));
  const circles = [...reach].flatMap(([path, reached]) =>
    reached.has(path) ? [[...reached].filter((other) => reach.get(other)?.has(path)).toSorted()] : [],
  );
  return [...new Map(circles.map((circle) => [circle.join(), circle])).values()];
}

function reachedFrom(path: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const open = [...(imports.get(path) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(imports.get(next) ?? []));
  }
  return reached;
}
