import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brandingDomainOf } from './branding.ts';

const name_servers = ['ns1.example.net=192.0.2.1'];
const of = (branding_domain: string, servers: readonly string[] = name_servers) =>
  brandingDomainOf({ branding_domain, name_servers: servers });

test('the branding domain is taken in lower case and without its final dot; there need be none', () => {
  assert.equal(of('Brand.Example.net.'), 'brand.example.net');
  assert.equal(of('', []), '');
});

const WRONG: readonly (readonly [string, RegExp, (readonly string[])?])[] = [
  ['net', /single label/],
  ['co.uk', /public suffix/],
  ['*.example.net', /plain name/],
  ['bücher.example.net', /plain name/],
  ['192.0.2.1', /is no domain/],
  [`${'a'.repeat(40)}.net`, /at most 43 characters/],
  ['brand.example.net', /needs name_servers/, []],
];
for (const [domain, says, servers] of WRONG) {
  test(`the branding domain '${domain}' is refused at the start: ${says.source}`, () => {
    assert.throws(() => of(domain, servers), { fault: 'configuration', message: says });
  });
}
