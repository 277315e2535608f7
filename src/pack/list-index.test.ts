import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { facetOf, facetsOf } from './list-index.ts';
import { CERTIFICATE_AUTHORITIES, ENVIRONMENTS, PACK_STATUSES, PACK_TYPES } from './pack.ts';

const maybe = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });

it('the facets of a filter are those of the packs that match, in their order, and of no others', () => {
  const filters = fc.record({
    status: fc.constantFrom('all', ...PACK_STATUSES),
    environment: maybe(ENVIRONMENTS),
    type: maybe(PACK_TYPES),
    certificateAuthority: maybe(CERTIFICATE_AUTHORITIES),
  });
  const packs = PACK_STATUSES.flatMap((status) =>
    ENVIRONMENTS.flatMap((environment) =>
      PACK_TYPES.flatMap((type) =>
        [undefined, ...CERTIFICATE_AUTHORITIES].map((certificateAuthority) => ({
          status,
          environment,
          type,
          certificateAuthority,
        })),
      ),
    ),
  );
  fc.assert(
    fc.property(filters, (filter) => {
      const matching = packs.filter(
        (pack) =>
          (filter.status === 'all' || filter.status === pack.status) &&
          (filter.environment ?? pack.environment) === pack.environment &&
          (filter.type ?? pack.type) === pack.type &&
          (filter.certificateAuthority ?? pack.certificateAuthority) === pack.certificateAuthority,
      );
      const all = packs.map(facetOf);
      assert.equal(new Set(all).size, packs.length);
      assert.deepEqual(facetsOf(filter) ?? all, matching.map(facetOf));
      assert.deepEqual(
        matching.map(facetOf),
        matching.map(facetOf).toSorted((a, b) => a - b),
      );
    }),
  );
});
