import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CachedPage, PageCache } from './page-cache.ts';

const page = (version: number, bytes = 1_000): CachedPage => ({
  version,
  head: {},
  body: Buffer.alloc(bytes),
  coded: new Map(),
});

describe('the cache of pages', () => {
  it('lets a page in when it is asked for again, not before', () => {
    const cache = new PageCache(1_000_000);
    cache.offer('a', () => page(1));
    assert.equal(cache.get('a', 1), undefined);
    cache.offer('a', () => page(1));
    assert.equal(cache.get('a', 1)?.version, 1);
  });

  it('has no page for another version, and replaces it at once', () => {
    const cache = new PageCache(1_000_000);
    cache.offer('a', () => page(1));
    cache.offer('a', () => page(1));
    assert.equal(cache.get('a', 2), undefined);
    cache.offer('a', () => page(2));
    assert.equal(cache.get('a', 2)?.version, 2);
    assert.equal(cache.get('a', 1), undefined);
  });

  it('never has more bytes than it may, whatever is asked for', () => {
    const cache = new PageCache(100_000);
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 500; i++) {
        cache.offer(`page ${i}`, () => page(1, 1_000 + i));
        assert(cache.bytes <= 100_000, `${cache.bytes} bytes`);
      }
    assert(cache.bytes > 50_000);
  });

  it('counts the compressed forms of its pages', () => {
    const cache = new PageCache(100_000);
    const one = page(1);
    cache.offer('a', () => one);
    cache.offer('a', () => one);
    const before = cache.bytes;
    one.coded.set('gzip', { head: {}, body: Buffer.alloc(700) });
    cache.grew('a', one);
    assert.equal(cache.bytes - before, 700);
  });

  it('keeps nothing when it is turned off', () => {
    const cache = new PageCache(0);
    cache.offer('a', () => page(1));
    cache.offer('a', () => page(1));
    assert.equal(cache.get('a', 1), undefined);
  });
});
