import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { covers, isInZone, toName, toNames, toSuffix, wildcardOf } from './hosts.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9]{0,8}[a-z0-9])?$/).filter((text) => !/^\d+$/.test(text));
const name = fc
  .array(label, { minLength: 2, maxLength: 5 })
  .map((labels) => `${labels.join('.')}.example.com`);

const ACCEPTED = [
  ['example.com', 'example.com'],
  ['WWW.Example.COM', 'www.example.com'],
  ['*.example.com', '*.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['*.Straße.example', '*.xn--strae-oqa.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['a.co.uk', 'a.co.uk'],
  [`${'a'.repeat(63)}.example.com`, `${'a'.repeat(63)}.example.com`],
  ['1.2.3.example.com', '1.2.3.example.com'],
  ['in-addr.arpa.example.com', 'in-addr.arpa.example.com'],
  ['notip6.example.arpa', 'notip6.example.arpa'],
] as const;

const REFUSED = [
  ['', /not a host name/],
  ['localhost', /single label/],
  ['com', /single label/],
  ['co.uk', /public suffix/],
  ['*.co.uk', /public suffix/],
  ['*.com', /single label/],
  ['a..example.com', /empty label|not a host name/],
  ['.example.com', /empty label|not a host name/],
  ['example.com.', /empty label/],
  ['a.*.example.com', /wildcard only as its whole first label/],
  ['w*.example.com', /wildcard/],
  ['*.*.example.com', /wildcard/],
  ['*', /wildcard/],
  ['-a.example.com', /hyphen/],
  ['a-.example.com', /hyphen/],
  ['ab--c.example.com', /reserved label/],
  ['xn--a.example.com', /malformed A-label/],
  ['a_b.example.com', /character/],
  ['a b.example.com', /character/],
  ['a/b.example.com', /character/],
  ['a\u3200.example.com', /not a host name/],
  ['%61.example.com', /character/],
  ['a\u0000.example.com', /character/],
  ['user@example.com', /character/],
  ['example.com:443', /character/],
  ['127.0.0.1', /IP address/],
  ['::1', /IP address/],
  ['[::1]', /IP address/],
  ['0x7f.1', /not a host name|IP address|number/],
  ['127.1', /not a host name|IP address|number/],
  ['a.123', /number|not a host name/],
  ['in-addr.arpa', /reverse zone/],
  ['2.0.192.in-addr.arpa', /reverse zone/],
  ['*.2.0.192.IN-ADDR.ARPA', /reverse zone/],
  ['0-25.2.0.192.in-addr.arpa', /reverse zone/],
  ['ip6.arpa', /reverse zone/],
  ['8.b.d.0.1.0.0.2.ip6.arpa', /reverse zone/],
  ['www.8.b.d.0.1.0.0.2.Ip6.Arpa', /reverse zone/],
  [`${'a'.repeat(64)}.example.com`, /63|not a host name/],
  [`${'a.'.repeat(125)}example.com`, /253|not a host name/],
] as const;

describe('toName', () => {
  for (const [host, expected] of ACCEPTED) it(`takes ${host}`, () => assert.equal(toName(host), expected));

  for (const [host, why] of REFUSED) {
    it(`refuses ${JSON.stringify(host.slice(0, 40))}`, () => {
      assert.throws(() => toName(host), { fault: 'invalid_host', message: why });
    });
  }

  it('gives a name that it takes again, or fails only as invalid_host', () => {
    fc.assert(
      fc.property(fc.oneof(name, fc.string(), fc.string({ unit: 'grapheme' })), (host) => {
        const once = attempt(() => toName(host));
        if (once !== undefined) assert.equal(toName(once), once);
      }),
    );
  });
});

describe('toNames', () => {
  const refused = [
    { hosts: [], pointer: '/hosts', why: /must not be empty/ },
    {
      hosts: Array.from({ length: 51 }, (_, i) => `h${i}.example.com`),
      pointer: '/hosts',
      why: /at most 50/,
    },
    { hosts: ['example.com', 'EXAMPLE.com'], pointer: '/hosts/1', why: /same host as hosts\[0\]/ },
    { hosts: ['example.com', 'example.org'], pointer: '/hosts/1', why: /not in the zone example.com/ },
    { hosts: ['notexample.com'], pointer: '/hosts/0', why: /not in the zone/ },
    { hosts: ['example.com', 'a_b.example.com'], pointer: '/hosts/1', why: /character/ },
  ];
  for (const { hosts, pointer, why } of refused) {
    it(`refuses ${hosts.length} hosts with a pointer to ${pointer}: ${why.source}`, () => {
      assert.throws(() => toNames(hosts, 'example.com'), { fault: 'invalid_host', pointer, message: why });
    });
  }

  it('keeps the order, and takes 50', () => {
    const hosts = Array.from({ length: 50 }, (_, i) => `h${i}.example.com`);
    assert.deepEqual(toNames(hosts, 'example.com'), hosts);
  });
});

describe('covers', () => {
  it('is true of a name itself, and of the wildcard of its parent', () => {
    fc.assert(
      fc.property(name, (one) => {
        assert.ok(covers(one, one));
        assert.ok(covers(wildcardOf(one), one));
      }),
    );
  });

  it('is never true of a wildcard and a name two labels below, or the parent itself', () => {
    fc.assert(
      fc.property(name, label, (one, more) => {
        assert.ok(!covers(wildcardOf(one), `${more}.${one}`));
        assert.ok(!covers(`*.${one}`, one));
        assert.ok(isInZone(`*.${one}`, 'example.com'));
      }),
    );
  });
});

function attempt(work: () => string): string | undefined {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof Error && 'fault' in error && error.fault === 'invalid_host', String(error));
    return undefined;
  }
}

describe('the end of host names', () => {
  it('is written as hosts are, and need be no host itself', () => {
    for (const [text, suffix] of [
      ['Example.COM', 'example.com'],
      ['bücher.example', 'xn--bcher-kva.example'],
      ['com', 'com'],
      ['co.uk', 'co.uk'],
    ] as const) {
      assert.equal(toSuffix(text), suffix);
    }
  });

  it('is a whole number of good labels', () => {
    for (const text of [
      '',
      '.com',
      '*.com',
      'a..b',
      'a_b',
      '-a.com',
      '192.0.2.1',
      'a'.repeat(64),
      `${'a.'.repeat(127)}b`,
    ]) {
      assert.throws(() => toSuffix(text), { fault: 'invalid_host' }, text);
    }
  });
});
