import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { it } from 'node:test';

/** Where a command has to do with its output otherwise: a backup, the screen of a world, which cleans what it is told, and its end. */
const OTHERWISE: Readonly<Record<string, number>> = {
  'backup-actions.ts': 1,
  'dev.ts': 1,
  'start.ts': 1,
  'print.ts': 3,
  'process.ts': 1,
  'progress-bar.ts': 1,
};

it('commands print by print.ts alone', () => {
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  assert(files.length > 20);
  for (const name of files) {
    const source = readFileSync(new URL(name, folder), 'utf8');
    const uses = source.match(/process\.std(out|err)|console\./g)?.length ?? 0;
    assert.equal(uses, OTHERWISE[name] ?? 0, name);
  }
});
