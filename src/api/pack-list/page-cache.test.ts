import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CachedPage, PageCache } from './page-cache.ts';

const page = (version: number, bytes = 1_000): CachedPage => ({
  version,
  head: {},
  body: Buffer.alloc(bytes),
  coded: new Map(),
});

/** Asks for a page as a request does, and offers it where it was not there. Whether it was. */
function ask(cache: PageCache, key: string, one: CachedPage): boolean {
  if (cache.get(key, one.version)) return true;
  cache.offer(key, one.body.length, () => one);
  return false;
}

describe('the cache of pages', () => {
  it('lets a page in when it is asked for again, not before', () => {
    const cache = new PageCache(1_000_000);
    assert.deepEqual(
      [1, 2, 3].map(() => ask(cache, 'a', page(1))),
      [false, false, true],
    );
  });

  it('has no page for another version, and replaces it at once', () => {
    const cache = new PageCache(1_000_000);
    for (let i = 0; i < 3; i++) ask(cache, 'a', page(1));
    assert.equal(cache.get('a', 2), undefined);
    ask(cache, 'a', page(2));
    assert.equal(cache.get('a', 2)?.version, 2);
    assert.equal(cache.get('a', 1), undefined);
  });

  it('never has more bytes than it may, whatever is asked for', () => {
    const cache = new PageCache(100_000);
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 500; i++) {
        ask(cache, `page ${i}`, page(1, 1_000 + i));
        assert(cache.bytes <= 100_000, `${cache.bytes} bytes`);
      }
    assert(cache.bytes > 50_000);
  });

  it('keeps nothing when it is turned off', () => {
    const cache = new PageCache(0);
    for (let i = 0; i < 3; i++) assert(!ask(cache, 'a', page(1)));
  });
});

describe('a full cache of pages', () => {
  it('keeps what is asked for most while a crawl goes over more pages than it holds', () => {
    const cache = new PageCache(100_000);
    const round = (): number[] => [0, 1, 2, 3].filter((i) => ask(cache, `hot ${i}`, page(1)));
    for (let i = 0; i < 10; i++) round();
    for (let crawled = 0; crawled < 2_000; crawled++) {
      ask(cache, `crawled ${crawled % 500}`, page(1));
      if (crawled % 20 === 0) assert.deepEqual(round(), [0, 1, 2, 3]);
    }
  });

  it('makes room for what is asked for from now on', () => {
    const cache = new PageCache(20_000);
    for (let i = 0; i < 200; i++) ask(cache, `old ${i % 5}`, page(1));
    for (let i = 0; i < 100_000; i++) ask(cache, `new ${i % 5}`, page(1));
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((i) => ask(cache, `new ${i}`, page(1))),
      [true, true, true, true, true],
    );
  });

  it('counts the compressed forms of its pages', () => {
    const cache = new PageCache(100_000);
    const one = page(1);
    for (let i = 0; i < 3; i++) ask(cache, 'a', one);
    const before = cache.bytes;
    one.coded.set('gzip', { head: {}, body: Buffer.alloc(700) });
    cache.grew('a', one);
    assert.equal(cache.bytes - before, 700);
  });
});
