import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadSeal } from './kek.ts';

function givenFile(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-kek-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, 'kek');
}

test('the key-encryption key is made once, readable by its owner alone', (t) => {
  const file = givenFile(t);
  const first = loadSeal({ kek: '', file });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(loadSeal({ kek: '', file }).id, first.id);
  assert.notEqual(loadSeal({ kek: Buffer.alloc(32, 1).toString('base64'), file }).id, first.id);
});

test('a key that others may read, or that is none, is refused in words', (t) => {
  const file = givenFile(t);
  loadSeal({ kek: '', file });
  chmodSync(file, 0o644);
  assert.throws(() => loadSeal({ kek: '', file }), { fault: 'configuration', message: /mode 600/ });
  writeFileSync(file, 'short');
  chmodSync(file, 0o600);
  assert.throws(() => loadSeal({ kek: '', file }), { fault: 'configuration', message: /32 bytes/ });
  assert.throws(() => loadSeal({ kek: 'c2hvcnQ=', file }), { fault: 'configuration', message: /option kek/ });
});
