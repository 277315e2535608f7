/** Oddities of what a CA wishes: when it is to be asked again. */
import type { RequestKind } from '../../../src/simulator/ca/request-kind.ts';
import type { TestRule } from '../simulator/simulated-ca.ts';
import type { Oddity } from './oddity.ts';

const HTML = { 'content-type': 'text/html' };

/** Is busy once, and says until when. */
const busy = (
  on: RequestKind,
  wish: string,
  told: Partial<Extract<TestRule, { fault: 'answer' }>> = {},
): Oddity => ({
  rules: [
    {
      on,
      times: 1,
      fault: 'answer',
      status: 503,
      headers: { ...HTML, 'retry-after': wish },
      body: '<html>',
      ...told,
    },
  ],
});

/** Issues so late, and wishes to be asked then or at another time. */
const slowly = (seconds: number, wish: string): Oddity => ({
  rules: [
    { on: 'finalize', fault: 'stall', seconds },
    { on: ['order', 'finalize'], fault: 'patch', headers: { 'retry-after': wish } },
  ],
});

const inAMinute = (): string => new Date(new Date().getTime() + 60_000).toUTCString();

/** Of wishes. */
export const WISHES: Readonly<Record<string, Oddity>> = {
  'is busy at its directory for a minute': busy('directory', '60'),
  'is busy at its directory, by a date': busy('directory', inAMinute()),
  'is busy at its directory for a day': busy('directory', '86400'),
  'is busy with nonces for a minute': busy('new-nonce', '60', { body: '' }),
  'is busy with nonces for a day': busy('new-nonce', '86400', { body: '' }),
  'is busy with accounts for a minute': busy('new-account', '60'),
  'is busy with new orders for a minute': busy('new-order', '60'),
  'is busy with new orders for a day': busy('new-order', '86400', { status: 429 }),
  'limits new orders for two minutes': busy('new-order', '120', {
    status: 429,
    headers: { 'retry-after': '120' },
    body: { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' },
  }),
  'limits new orders for a day': busy('new-order', '86400', {
    status: 429,
    headers: { 'retry-after': '86400' },
    body: { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' },
  }),
  'is busy with authorizations for a minute': busy('authorization', '60'),
  'is busy with challenges for a minute': busy('challenge', '60'),
  'is busy with orders until a date that is over': busy('order', 'Mon, 23 Nov 2020 10:00:00 GMT'),
  'is busy with orders, by a date of RFC 850': busy('order', 'Monday, 23-Nov-20 10:00:00 GMT'),
  'is busy with finalizing for two minutes': busy('finalize', '120'),
  'is busy with downloads for two minutes': busy('certificate', '120'),
  'wishes to be asked in words': busy('order', 'soon'),
  'issues in two minutes, and wishes to be asked each minute': slowly(120, '60'),
  'issues in five minutes, and wishes to be asked in a day': slowly(300, '86400'),
  'issues in two minutes, and wishes to be asked at a date that is over': slowly(
    120,
    'Mon, 23 Nov 2020 10:00:00 GMT',
  ),
  'looks for two minutes, and wishes in authorizations to be asked each minute': {
    rules: [
      { on: 'challenge', fault: 'stall', seconds: 120 },
      { on: 'authorization', fault: 'patch', headers: { 'retry-after': '60' } },
    ],
  },
  'looks for two minutes, and wishes to be asked each minute': {
    rules: [
      { on: 'challenge', fault: 'stall', seconds: 120 },
      { on: ['order', 'challenge'], fault: 'patch', headers: { 'retry-after': '60' } },
    ],
  },
};
