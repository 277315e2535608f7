/** Zone files as people and BIND write them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { told } from '../../test/support/dns/reading.ts';

const CASES: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
  ['that is empty has no records', '', []],
  ['of blanks and comments has none', '\n  \n;x\n\t; (\n', []],
  [
    'has whole names and relative ones, and @',
    'a.zone.example. A 192.0.2.1\nb A 192.0.2.2\n@ A 192.0.2.3',
    ['1 a.zone.example 1 A 192.0.2.1', '2 b.zone.example 1 A 192.0.2.2', '3 zone.example 1 A 192.0.2.3'],
  ],
  [
    'has the last name where a line is indented',
    'a A 192.0.2.1\n\tAAAA 2001:db8::1\n  TXT x',
    ['1 a.zone.example 1 A 192.0.2.1', '2 a.zone.example 1 AAAA 2001:db8::1', '3 a.zone.example 1 TXT x'],
  ],
  [
    'has time to live and class in either order, in any case',
    'a 300 in A 192.0.2.1\na IN 1h30m a 192.0.2.2\na CLASS1 A 192.0.2.3',
    [
      '1 a.zone.example 300 A 192.0.2.1',
      '2 a.zone.example 5400 A 192.0.2.2',
      '3 a.zone.example 5400 A 192.0.2.3',
    ],
  ],
  [
    'has $TTL, which counts before the last one',
    '$TTL 2h\na A 192.0.2.1\na 60 A 192.0.2.2\na A 192.0.2.3',
    [
      '2 a.zone.example 7200 A 192.0.2.1',
      '3 a.zone.example 60 A 192.0.2.2',
      '4 a.zone.example 7200 A 192.0.2.3',
    ],
  ],
  [
    'has times to live that are offered nowhere here',
    'a 0 A 192.0.2.1\nb 30 A 192.0.2.1\nc 4w A 192.0.2.1',
    [
      '1 a.zone.example 60 A 192.0.2.1',
      '2 b.zone.example 60 A 192.0.2.1',
      '3 c.zone.example 86400 A 192.0.2.1',
    ],
  ],
  [
    'has the SOA’s minimum where nothing else is said',
    '@ SOA ns h 1 2 3 4 900\na A 192.0.2.1',
    ['2 a.zone.example 900 A 192.0.2.1'],
  ],
  [
    'has $ORIGIN, relative ones too',
    '$ORIGIN sub\na A 192.0.2.1\n@ A 192.0.2.2\n$ORIGIN .\nb.zone.example A 192.0.2.3',
    [
      '2 a.sub.zone.example 1 A 192.0.2.1',
      '3 sub.zone.example 1 A 192.0.2.2',
      '5 b.zone.example 1 A 192.0.2.3',
    ],
  ],
  [
    'has names in records, relative as well',
    '$ORIGIN sub\n@ MX 10 mail\n@ MX 20 mail.example.\nw CNAME @\n_s._tcp SRV 0 5 53 dns\nn MX 0 .',
    [
      '2 sub.zone.example 1 MX mail.sub.zone.example',
      '3 sub.zone.example 1 MX mail.example',
      '4 w.sub.zone.example 1 CNAME sub.zone.example',
      '5 _s._tcp.sub.zone.example 1 SRV 0 5 53 dns.sub.zone.example',
      '6 n.sub.zone.example 1 MX .',
    ],
  ],
  [
    'has parentheses over lines, with comments in them',
    'a 60 IN ( TXT ; one\n "x" ; two (\n\n) ; three\nb (A) 192.0.2.1',
    ['1 a.zone.example 60 TXT x', '5 b.zone.example 60 A 192.0.2.1'],
  ],
  [
    'has quotes, escapes and what is a comment elsewhere',
    'a TXT "a;b (c" d\\;e "f\\"g\\\\" \\101 "\\200"',
    ['1 a.zone.example 1 TXT "a;b (c" "d\\;e" "f\\"g\\\\" "\\101" "\\200"'],
  ],
  [
    'has one text as it is',
    'a TXT "v=spf1 -all; \\"x\\""\nb TXT plain',
    ['1 a.zone.example 1 TXT v=spf1 -all; "x"', '2 b.zone.example 1 TXT plain'],
  ],
  [
    'has CAA with a value in quotes or none',
    '@ CAA 0 issue "ca.example; a=b"\n@ CAA 128 IODEF mailto:a@zone.example',
    [
      '1 zone.example 1 CAA 0 issue "ca.example; a=b"',
      '2 zone.example 1 CAA 128 iodef "mailto:a@zone.example"',
    ],
  ],
  [
    'has escapes in names that need none',
    '\\119ww A 192.0.2.1\n\\*.x A 192.0.2.1',
    ['1 www.zone.example 1 A 192.0.2.1', '2 *.x.zone.example 1 A 192.0.2.1'],
  ],
  [
    'has names in any case and any script',
    'WWW A 192.0.2.1\nbücher A 192.0.2.1',
    ['1 www.zone.example 1 A 192.0.2.1', '2 xn--bcher-kva.zone.example 1 A 192.0.2.1'],
  ],
  [
    'has ends of lines as Windows has them, and a byte order mark',
    '\ufeffa A 192.0.2.1\r\nb A 192.0.2.1\r\n',
    ['1 a.zone.example 1 A 192.0.2.1', '2 b.zone.example 1 A 192.0.2.1'],
  ],
  [
    'has no SOA and NS of the zone itself, but those below',
    '@ SOA ns h (1 2\n3 4 5)\n@ NS ns1.example.net.\nsub NS ns1.example.net.',
    ['4 sub.zone.example 60 NS ns1.example.net'],
  ],
];

describe('a zone file', () => {
  for (const [what, text, expected] of CASES)
    it(what, () => {
      assert.deepEqual(told(text), expected);
    });
});
