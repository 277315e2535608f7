import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HostHere, type HostLook, type LeadsTo, leadsTo, missingFor } from './host-look.ts';

const OURS = ['192.0.2.1', '2001:db8::1'];
const HERE: HostHere = {
  host: 'shop.test',
  ours: OURS,
  zone: { name: 'shop.test', isOpen: true },
  pack: { id: 'p', isProven: true, status: 'active' },
};
const look = (addresses: readonly string[], more: Partial<HostLook> = {}): HostLook => ({
  names: ['shop.test'],
  addresses: addresses.map((address) => ({ address })),
  cdn: undefined,
  problem: undefined,
  ...more,
});

test('addresses decide whom a name leads to, and each answer says what to do', () => {
  const cases: readonly (readonly [HostLook, LeadsTo, RegExp | undefined])[] = [
    [look(OURS), 'us', undefined],
    [look([...OURS, '203.0.113.9']), 'partly_us', /leads to 203\.0\.113\.9 too: take these addresses away/],
    [
      look(['203.0.113.9'], { cdn: 'Cloudflare' }),
      'cdn',
      /Cloudflare: switch its proxy off and lead shop\.test to 192/,
    ],
    [look(['203.0.113.9']), 'elsewhere', /lead shop\.test to 192\.0\.2\.1, 2001:db8::1/],
    [look([]), 'nowhere', /has no address/],
    [look([], { problem: 'silence' }), 'unknown', /does not tell where shop\.test leads: silence/],
  ];
  for (const [seen, expected, words] of cases) {
    assert.equal(leadsTo(seen, OURS), expected);
    const missing = missingFor(seen, HERE);
    if (words) assert.match(missing.join(), words);
    else assert.deepEqual(missing, []);
  }
});

const first = (here: Partial<HostHere>) => missingFor(look(OURS), { ...HERE, ...here })[0] ?? '';

test('what is missing here comes first: the zone, its activation, a pack, its proof', () => {
  assert.match(first({ zone: undefined, pack: undefined }), /no zone of the account has shop\.test/);
  assert.match(first({ zone: { name: 'shop.test', isOpen: false } }), /not active, or paused/);
  assert.match(first({ pack: undefined }), /no pack here serves shop\.test/);
  assert.match(
    first({ pack: { id: 'p', isProven: false, status: 'pending_deployment' } }),
    /pack p is in pending_deployment/,
  );
  assert.match(first({ ours: [] }), /public_addresses/);
});
