/** Zone files that we write are read as the same, and whatever else comes is read or refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PLACE, read, told } from '../../test/support/dns/reading.ts';
import { Fault } from '../kit/fault.ts';
import { sameness } from './rdata.ts';
import type { RecordTerms } from './record.ts';
import { toTerms } from './terms.ts';
import { headLines, recordLine } from './zone-file-text.ts';

const attributes = (text: string, isProxied = false) =>
  read(`a A 192.0.2.1 ;${text}`, { ...PLACE, isProxied }).map(({ record }) => [
    record.comment,
    record.tags,
    record.isProxied,
  ])[0];

describe('attributes behind a record', () => {
  // The examples of Cloudflare's documentation.
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['', [undefined, [], false]],
    ['   cf_tags=awesome', [undefined, ['awesome'], false]],
    [
      ' cf_tags=tag1,tag2:value2,tag3:"value,with,commas",tag4:"value with \\"escaped\\" quotation marks"',
      [
        undefined,
        ['tag1', 'tag2:value2', 'tag3:value,with,commas', 'tag4:value with "escaped" quotation marks'],
        false,
      ],
    ],
    [' just a comment without tags', ['just a comment without tags', [], false]],
    [
      ' this comment contains cf_tags= as text cf_tags=',
      ['this comment contains cf_tags= as text', [], false],
    ],
    [
      ' simple example cf_tags=important,ticket:THIS-12345',
      ['simple example', ['important', 'ticket:THIS-12345'], false],
    ],
    [' cf_tags=test:1,cf-flatten-cname', [undefined, ['test:1'], false]],
    [' cf_tags=x,cf-proxied:true', [undefined, ['x'], true]],
  ];
  for (const [text, expected] of cases)
    it(`are read from ${JSON.stringify(text)}`, () => {
      assert.deepEqual(attributes(text), expected);
    });

  it('say before the import whether a record is proxied', () => {
    assert.deepEqual(attributes('', true)?.[2], true);
    assert.deepEqual(attributes(' cf_tags=cf-proxied:false', true)?.[2], false);
    const [text] = read('a TXT x', { ...PLACE, isProxied: true });
    assert.equal(text?.record.isProxied, false, 'what cannot be proxied is not');
  });
});

const label = fc.stringMatching(/^[a-z0-9_](?:[a-z0-9_-]{0,10}[a-z0-9_])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const target = fc
  .array(fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/), { minLength: 2, maxLength: 3 })
  .map((labels) => labels.join('.'));
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  fc.string({ minLength: 1, maxLength: 600 }),
);
const number = fc.nat(65_535);
const content = fc.oneof(
  fc.ipV4().map((text) => ({ type: 'A' as const, content: text })),
  fc
    .ipV6()
    .filter((text) => !text.includes('.'))
    .map((text) => ({ type: 'AAAA' as const, content: text })),
  target.map((text) => ({ type: 'NS' as const, content: text })),
  target.map((text) => ({ type: 'CNAME' as const, content: text })),
  fc.tuple(number, target).map(([priority, text]) => ({ type: 'MX' as const, content: text, priority })),
  texts
    .filter((text) => !text.trimStart().startsWith('"'))
    .map((text) => ({ type: 'TXT' as const, content: text })),
  fc.tuple(number, number, number, target).map(([priority, weight, port, to]) => ({
    type: 'SRV' as const,
    data: { priority, weight, port, target: to },
  })),
  fc
    .tuple(fc.nat(255), fc.constantFrom('issue', 'iodef'), fc.stringMatching(/^[ !#-[\]-~]{1,40}$/))
    .map(([flags, tag, value]) => ({
      type: 'CAA' as const,
      data: { flags, tag, value },
    })),
);
const tags = fc.uniqueArray(
  fc
    .tuple(fc.stringMatching(/^[a-z]\w{0,8}$/), fc.string({ maxLength: 20 }))
    .map(([one, value]) => `${one}:${value}`),
  { maxLength: 4, selector: (tag) => tag.split(':', 1)[0] },
);
const comment = fc.string({ maxLength: 60 }).map((text) => text.trim());

it('what is written down of records is read again as the same records', () => {
  const records = fc.record({
    name,
    content,
    ttl: fc.constantFrom(1, 60, 300, 86_400),
    tags,
    comment,
    proxied: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(records, { maxLength: 20 }), (all) => {
      const given = all.map(({ proxied, content: said, ...rest }): RecordTerms => {
        const isProxied = proxied && (said.type === 'A' || said.type === 'AAAA' || said.type === 'CNAME');
        return toTerms({ ...rest, ...said, proxied: isProxied }, PLACE);
      });
      const head = headLines({ zone: PLACE.zone, nameServers: ['ns1.example.net'], now: new Date(0) });
      const text = [...head, ...given.map(recordLine)].join('\n');
      const again = read(text).map(({ record }) => record);
      const apex = given.filter((one) => !(one.type === 'NS' && one.name === PLACE.zone));
      assert.deepEqual(again, apex);
      assert.deepEqual(again.map(sameness), apex.map(sameness));
    }),
    { numRuns: 300 },
  );
});

it('a comment with ends of lines in it makes no line of its own', () => {
  const evil = {
    type: 'A',
    name: 'a',
    content: '192.0.2.1',
    comment: 'x\nevil A 192.0.2.66\r\n\u2028$INCLUDE y',
  } as const;
  const line = recordLine(toTerms(evil, PLACE));
  assert.deepEqual(told(line), ['1 a.zone.example 1 A 192.0.2.1']);
  assert.equal(read(line)[0]?.record.comment, 'x evil A 192.0.2.66 $INCLUDE y');
});

it('whatever bytes come, they are read or refused with a line', () => {
  const signs = fc.constantFrom(
    ...' \t\n;()"\\@$.0aA*-_:=,'.split(''),
    'IN ',
    'TXT ',
    ' A 192.0.2.1',
    '$TTL 5',
    'cf_tags=',
  );
  const files = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(signs, { maxLength: 60 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(files, (text) => {
      try {
        read(text);
      } catch (error) {
        assert(error instanceof Fault, String(error));
        assert.match(error.message, /^line \d+/);
      }
    }),
    { numRuns: 3_000 },
  );
});

it('ten thousand records, and hostile megabytes, are read or refused in seconds', () => {
  const began = performance.now();
  const many = Array.from({ length: 10_000 }, (_, i) => `n${i} 300 IN A 192.0.2.${i % 256}`).join('\n');
  assert.equal(read(many).length, 10_000);
  for (const unit of ['(', '\\"', '"', 'a ', ' A', '\\', '; cf_tags=', '"a"', '\n'])
    assert.doesNotThrow(() => {
      try {
        read(unit.repeat(2 ** 20 / unit.length));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    });
  assert(performance.now() - began < 10_000);
});
