import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PageAsk } from './page-ask.ts';
import { PageIndexes, placeOf, remember, toPageIndex } from './page-index.ts';

const ask = (page: number, perPage: number, zoneId = 'z'): PageAsk => ({
  zoneId,
  status: 'all',
  environment: undefined,
  page,
  perPage,
});

/** A page index over these ordinals, by buckets of 64. */
function indexOver(ords: readonly number[], version = 1) {
  const counts = new Map<number, number>();
  for (const ord of ords) counts.set(Math.floor(ord / 64), (counts.get(Math.floor(ord / 64)) ?? 0) + 1);
  return toPageIndex(
    { version, total: ords.length, classes: undefined },
    [...counts.keys()],
    [...counts.values()],
  );
}

const someOrds = fc
  .uniqueArray(fc.integer({ min: 1, max: 2_000 }), { maxLength: 300 })
  .map((ords) => ords.toSorted((a, b) => a - b));

describe('a page index', () => {
  it('leads to the packs of every page, however the ordinals have gaps', () => {
    fc.assert(
      fc.property(
        someOrds,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 5, max: 50 }),
        (ords, page, perPage) => {
          const expected = ords.slice((page - 1) * perPage, page * perPage);
          const index = indexOver(ords);
          const found = () => {
            const place = placeOf(index, ask(page, perPage));
            if (!place) return [];
            const within = ords.filter((ord) => ord >= place.from && ord < place.to);
            return within.slice(place.leftOut, place.leftOut + perPage);
          };
          assert.deepEqual(found(), expected);
          const [first, last] = [expected[0], expected.at(-1)];
          if (first === undefined || last === undefined) return;
          remember(index, ask(page, perPage), [first, last]);
          assert.deepEqual(found(), expected);
          const next = placeOf(index, ask(page + 1, perPage));
          const after = ords.slice(page * perPage, (page + 1) * perPage);
          if (next) assert.equal(ords.filter((ord) => ord >= next.from)[next.leftOut], after[0]);
          else assert.deepEqual(after, []);
        },
      ),
    );
  });
});

describe('page indexes', () => {
  it('are made when as many pages were walked to as they are worth, and not for another version', () => {
    const indexes = new PageIndexes();
    const head = { version: 7, total: 50_000 };
    let walks = 0;
    while (!indexes.isWorth(ask(9, 50), 7)) {
      indexes.walked(ask(9, 50), head);
      walks += 1;
    }
    assert(walks > 5 && walks < 50, String(walks));
    assert(!indexes.isWorth(ask(9, 50), 7), 'one of those who ask at the same time makes it');
    indexes.put(ask(9, 50), indexOver([1, 2, 3], 7));
    assert.equal(indexes.get(ask(2, 20), 7)?.total, 3);
    assert.equal(indexes.get(ask(2, 20), 8), undefined);
    assert.equal(indexes.get({ ...ask(2, 20), status: 'active' }, 7), undefined);
  });

  it('of zones that are written all the time are never made', () => {
    const indexes = new PageIndexes();
    for (let version = 1; version < 1_000; version++) {
      assert(!indexes.isWorth(ask(9, 50), version));
      indexes.walked(ask(9, 50), { version, total: 100 });
    }
  });

  it('never have more bytes than they may, whatever is asked for', () => {
    const indexes = new PageIndexes();
    const large = Array.from({ length: 20_000 }, (_, i) => 1 + i * 64);
    for (let i = 0; i < 200; i++) indexes.put(ask(1, 50, `z${i}`), indexOver(large));
    assert(indexes.bytes <= 16 * 2 ** 20 && indexes.bytes > 2 ** 20, String(indexes.bytes));
    assert.equal(indexes.get(ask(1, 50, 'z0'), 1), undefined);
    assert.equal(indexes.get(ask(1, 50, 'z199'), 1)?.total, 20_000);
  });
});
