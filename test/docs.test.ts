/** The pages are true where a program can tell: their links, and the picture of a pack's life. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LIFECYCLE, may, next, type PackEvent } from '../src/pack/lifecycle.ts';
import { PACK_STATUSES } from '../src/pack/pack.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const PAGES = ['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'examples/**/*.md'].flatMap((glob) =>
  globSync(glob, { cwd: ROOT }),
);
const LINK = /\]\(([^)\s]+)\)/g;

/** Links of a page to files of the project that are not there. */
function lostOf(page: string, text: string): string[] {
  const links = [...text.matchAll(LINK)].map(([, to = '']) => to);
  return links
    .filter((to) => !/^[a-z]+:|^#/.test(to))
    .map((to) => join(ROOT, dirname(page), to.split('#')[0] ?? ''))
    .filter((file) => !existsSync(file))
    .map((file) => `${page}: ${relative(ROOT, file)}`);
}

it('every link of a page to a file of the project leads there', () => {
  assert(PAGES.length > 20, 'the pages were found');
  assert.deepEqual(
    PAGES.flatMap((page) => lostOf(page, readFileSync(join(ROOT, page), 'utf8'))),
    [],
  );
});

it('and would be missed', () => {
  assert.deepEqual(lostOf('docs/api.md', '[a](divergences.md) [b](nowhere.md#x) [c](https://example.com/)'), [
    'docs/api.md: docs/nowhere.md',
  ]);
});

describe('the picture of the statuses', () => {
  const page = readFileSync(join(ROOT, 'docs/statuses.md'), 'utf8');
  const arrows = [...page.matchAll(/^ {2}(\w+) --> (\w+)(?:: (\w+))?$/gm)].map(
    ([, from = '', to = '', event = 'done']) => `${from} ${event} ${to}`,
  );

  it('has every move by success, by lateness and by restart', () => {
    const moves = PACK_STATUSES.flatMap((from) =>
      (['done', 'late', 'restart'] as const).flatMap((event) => {
        const to = LIFECYCLE[from][event];
        return to === undefined ? [] : [`${from} ${event} ${to}`];
      }),
    );
    assert(moves.length > 25, 'the moves were found');
    assert.deepEqual(
      moves.filter((move) => !arrows.includes(move)),
      [],
    );
  });

  it('has no arrow that no pack can go', () => {
    const events: readonly PackEvent[] = [
      'done',
      'late',
      'restart',
      'stage',
      'hold',
      'back_up',
      'promote',
      'withdraw',
      'renewed',
      'delete',
      'drift',
    ];
    const all = PACK_STATUSES.flatMap((from) =>
      events.filter((event) => may(from, event)).map((event) => `${from} ${event} ${next(from, event)}`),
    );
    assert.deepEqual(
      arrows.filter((arrow) => !all.includes(arrow)),
      [],
    );
  });
});
