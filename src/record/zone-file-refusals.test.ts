/** What is said of zone files that cannot be. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { read } from '../../test/support/dns/reading.ts';
import { Fault } from '../kit/fault.ts';

const refusals: readonly (readonly [what: string, text: string, words: RegExp])[] = [
  ['$INCLUDE', 'a A 192.0.2.1\n$INCLUDE /etc/passwd', /^line 2: the directive \$INCLUDE is not taken/],
  ['$GENERATE', '$GENERATE 1-9 a$ A 192.0.2.$', /^line 1: the directive \$GENERATE is not taken/],
  ['$ORIGIN of two', '$ORIGIN a b', /^line 1: \$ORIGIN has one value/],
  ['$TTL of none', '$TTL', /^line 1: \$TTL has one value/],
  ['$TTL of something else', '$TTL soon', /^line 1: "soon" is no time to live/],
  ['a time to live beyond RFC 2181', 'a 2147483648 A 192.0.2.1', /^line 1: "2147483648" is no time to live/],
  ['another class', '\na CH TXT x', /^line 2: class CH is not taken/],
  ['another type', 'a A 192.0.2.1\n\nb RRSIG x', /^line 3: type "RRSIG" is not taken: A, AAAA/],
  ['no type', 'a 60 IN', /^line 1: the record ends before its type/],
  ['no name', ' A 192.0.2.1', /^line 1: there is no name/],
  [
    'a name of another zone',
    'a.example.com. A 192.0.2.1',
    /^line 1: name a\.example\.com is not in the zone/,
  ],
  [
    'the file of another zone',
    'example.com. SOA a b 1 2 3 4 5',
    /^line 1: name example\.com is not in the zone/,
  ],
  ['the SOA of a name below', 'sub SOA a b 1 2 3 4 5', /^line 1: sub\.zone\.example has an SOA/],
  ['an SOA of six fields', '@ SOA a b 1 2 3 4', /^line 1: an SOA has 7 fields/],
  ['a name that cannot be', 'a..b A 192.0.2.1', /^line 1: name is "a\.\.b\.zone\.example\."/],
  ['an escaped dot in a name', 'a\\.b A 192.0.2.1', /^line 1: a name has \\\./],
  ['an escaped @', '\\@ A 192.0.2.1', /^line 1: a name has \\@/],
  ['an address that is none', 'a A 192.0.2', /^line 1: content for an A record/],
  ['two addresses', 'a A 192.0.2.1 192.0.2.2', /^line 1: A has address behind it, and here are 2 words/],
  ['MX without a preference', 'a MX mail', /^line 1: MX has preference, name behind it/],
  ['a preference that is none', 'a MX high mail', /^line 1: "high" is no number/],
  ['a preference beyond 65535', 'a MX 65536 mail', /^line 1: priority must be/],
  ['quotes around an address', 'a A "192.0.2.1"', /^line 1: quotation marks stand around texts alone/],
  ['quotes that are not closed', 'a TXT "x\nb TXT y"', /^line 1 has a quotation mark that is not closed/],
  ['a backslash at the end', 'a TXT x\\', /^line 1 has a backslash/],
  ['an escape beyond a byte', 'a TXT \\256', /^line 1 has a backslash/],
  ['an escape of two digits', 'a TXT "\\12"', /^line 1 has a backslash|^line 1 has a quotation mark/],
  ['a parenthesis that stays open', 'a A 192.0.2.1\nb ( A\n192.0.2.1', /^line 2 opens a parenthesis/],
  ['a parenthesis that was not open', 'a A 192.0.2.1 )', /^line 1 closes a parenthesis/],
  ['a NUL', 'a TXT "\0"', /^line 1 has a character/],
  ['an escape of a terminal', 'a A 192.0.2.1 ; \u001b[2J', /^line 1 has a character/],
  ['an empty text', 'a TXT ""', /^line 1: content is empty/],
  ['tags that cannot be read', 'a A 192.0.2.1 ; cf_tags=a:"b', /^line 1: comment has tags/],
  ['a proxied that is neither', 'a A 192.0.2.1 ; cf_tags=cf-proxied:yes', /^line 1: comment has the tag/],
  ['a proxied TXT', 'a TXT x ; cf_tags=cf-proxied:true', /^line 1: proxied cannot be true/],
  ['a comment that is too long', `a A 192.0.2.1 ; ${'x'.repeat(501)}`, /^line 1: comment has 501 characters/],
  ['a line without an end', `a TXT ${'x'.repeat(70_000)}`, /^line 1 is longer/],
  ['words without an end', `a TXT (${'x \n'.repeat(3_000)})`, /more than 2500 words/],
];
describe('what is refused with its line, and never passed over', () => {
  for (const [what, text, words] of refusals)
    it(what, () => {
      assert.throws(
        () => read(text),
        (error) => error instanceof Fault && error.pointer === '/file' && words.test(error.message),
      );
    });
});
