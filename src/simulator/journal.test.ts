import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { Journal } from './journal.ts';

const dir = mkdtempSync(join(tmpdir(), 'certpacks-journal-'));
after(() => rmSync(dir, { recursive: true }));

function opened(path: string): { readonly journal: Journal<{ n: number }>; readonly seen: number[] } {
  const seen: number[] = [];
  return { journal: new Journal<{ n: number }>(path, ({ n }) => seen.push(n)), seen };
}

it('a journal gives back every entry, in order', () => {
  const path = join(dir, 'whole');
  const { journal } = opened(path);
  for (const n of [1, 2, 3]) journal.append({ n });
  journal.close();
  assert.deepEqual(opened(path).seen, [1, 2, 3]);
  assert.throws(() => journal.append({ n: 4 }));
});

it('a journal drops a torn last line, wherever it was torn, and goes on after it', () => {
  const line = '{"n":12}\n';
  for (let length = 1; length < line.length; length++) {
    const path = join(dir, `torn-${length}`);
    writeFileSync(path, `{"n":1}\n${line.slice(0, length)}`);
    const { journal, seen } = opened(path);
    assert.deepEqual(seen, [1]);
    journal.append({ n: 2 });
    journal.close();
    assert.equal(readFileSync(path, 'utf8'), '{"n":1}\n{"n":2}\n');
  }
});

it('a journal does not pass over damage in the middle', () => {
  const path = join(dir, 'damaged');
  writeFileSync(path, '{"n":1}\n{"n"\n');
  appendFileSync(path, '{"n":3}\n');
  assert.throws(() => opened(path), { name: 'Fault', message: /line 2/ });
});
