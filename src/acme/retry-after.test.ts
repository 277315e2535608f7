import assert from 'node:assert/strict';
import { it } from 'node:test';
import { retryAfterOf } from './retry-after.ts';

const date = 'Mon, 23 Nov 2026 10:00:00 GMT';
const now = new Date('2026-11-23T09:59:00Z');

// biome-ignore format: a table is read by column
const CASES = [
  ['seconds',                         { 'retry-after': '120' },                                     120],
  ['at most a day',                   { 'retry-after': '99999999' },                                86_400],
  ['a date, by the server\'s clock',  { 'retry-after': 'Mon, 23 Nov 2026 10:00:30 GMT', date },     30],
  ['a date that has passed',          { 'retry-after': 'Mon, 23 Nov 2026 09:00:00 GMT', date },     0],
  ['a date without the server\'s own', { 'retry-after': 'Mon, 23 Nov 2026 10:00:30 GMT' },          90],
  ['a date of RFC 850',               { 'retry-after': 'Monday, 23-Nov-26 10:00:30 GMT', date },    30],
  ['a date of asctime',               { 'retry-after': 'Mon Nov 23 10:00:30 2026', date },          30],
  ['parts of a second',               { 'retry-after': '1.5' },                                     1.5],
  ['nothing',                         {},                                                           undefined],
  ['a negative number',               { 'retry-after': '-5' },                                      undefined],
  ['words',                           { 'retry-after': 'soon', date },                              undefined],
  ['no such month',                   { 'retry-after': 'Mon, 23 Foo 2026 10:00:30 GMT', date },     undefined],
] as const;

for (const [what, headers, seconds] of CASES) {
  it(`reads Retry-After: ${what}`, () => assert.equal(retryAfterOf(headers, now), seconds));
}
