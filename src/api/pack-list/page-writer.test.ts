import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PageMemory, PageWriter } from './page-writer.ts';

const HEAD = Buffer.from('{"result":[');

/** Writes items as a page, each out of bytes that are overwritten at once. */
function write(writer: PageWriter, items: readonly string[]): void {
  writer.begin(HEAD);
  for (const item of items) {
    const bytes = Buffer.from(`..${item}..`);
    writer.add({ bytes, start: 2, end: bytes.length - 2 });
    bytes.fill('!');
  }
  writer.end(']}');
}

describe('a page', () => {
  it('holds its items as they were, however large they are', () => {
    const memory = new PageMemory();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.integer({ min: 1, max: 20_000 })), { maxLength: 20 }),
        (parts) => {
          const items = parts.map(([text, times]) => JSON.stringify(text.repeat(times).slice(0, 50_000)));
          const writer = new PageWriter(memory);
          write(writer, ['"of a try before"']);
          write(writer, items);
          assert.equal(writer.count, items.length);
          assert.equal(writer.body.toString(), `{"result":[${items.join(',')}]}`);
          writer.release();
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps its bytes until it is released, whatever pages are written meanwhile', () => {
    const memory = new PageMemory();
    const writers = Array.from({ length: 20 }, () => new PageWriter(memory));
    for (const [i, writer] of writers.entries())
      write(
        writer,
        Array.from({ length: 200 }, () => `"${i}"`),
      );
    for (const writer of writers.slice(0, 10)) writer.release();
    for (let i = 0; i < 10; i++) write(new PageWriter(memory), ['"another"']);
    for (const [i, writer] of writers.entries())
      if (i >= 10) assert.deepEqual([...new Set(JSON.parse(writer.body.toString()).result)], [String(i)]);
  });

  it('leaves its memory to one other page, however often it is released', () => {
    const memory = new PageMemory();
    const writer = new PageWriter(memory);
    writer.release();
    writer.release();
    const [a, b] = [new PageWriter(memory), new PageWriter(memory)];
    write(a, ['"a"']);
    write(b, ['"b"']);
    assert.equal(a.body.toString(), '{"result":["a"]}');
  });
});

describe('the memory of pages', () => {
  it('is given out again, and never more of it is kept than it may', () => {
    const memory = new PageMemory();
    const first = memory.take(100_000);
    memory.give(first);
    assert.equal(memory.take(100_000), first);
    for (let i = 0; i < 1_000; i++) memory.give(Buffer.allocUnsafeSlow(2 ** 18));
    assert(memory.kept <= 2 ** 25 && memory.kept > 2 ** 24, String(memory.kept));
  });
});
