/** Oddities of single steps: what fails once or for a while, and what takes effect though it seems to fail. */
import type { TestRule } from '../simulator/simulated-ca.ts';
import type { Oddity } from './oddity.ts';

const HTML = { 'content-type': 'text/html' };

const answers = (told: Omit<Extract<TestRule, { fault: 'answer' }>, 'fault'>, says?: RegExp): Oddity => ({
  rules: [{ fault: 'answer', ...told }],
  ...(says && { says }),
});

/** Issues late, so that orders are looked at meanwhile. */
const slowly = (seconds: number): TestRule => ({ on: 'finalize', fault: 'stall', seconds });

const patched = (
  told: Omit<Extract<TestRule, { fault: 'patch' }>, 'fault'>,
  ...more: readonly TestRule[]
): Oddity => ({
  rules: [{ fault: 'patch', ...told }, ...more],
});

/** An answer as usual, without its content. */
const EMPTY_ORDER: TestRule = {
  on: 'new-order',
  step: async (exchange, next) => {
    const { status, headers = {} } = await next(exchange);
    return { status, headers };
  },
};

/** Of steps. */
export const STEPS: Readonly<Record<string, Oddity>> = {
  'does not find an order once that is processing': {
    rules: [
      slowly(30),
      {
        on: 'order',
        from: 4,
        times: 1,
        fault: 'answer',
        status: 404,
        problem: 'malformed',
        detail: 'no such order',
      },
    ],
  },
  'does not find orders for minutes': {
    rules: [
      slowly(1),
      {
        on: 'order',
        from: 3,
        times: 10,
        fault: 'answer',
        status: 404,
        problem: 'malformed',
        detail: 'no such order',
      },
    ],
    says: /no longer knows the order \(.*\); it is asked again/,
  },
  'does not find orders for minutes, in words of its own': {
    rules: [
      slowly(30),
      { on: 'order', from: 3, times: 8, fault: 'answer', problem: 'malformed', detail: 'no such order' },
    ],
    says: /no longer knows the order \(.*\); it is asked again/,
  },
  'calls an order invalid once that it goes on to issue for': {
    rules: [slowly(30), { on: 'order', from: 3, times: 1, fault: 'patch', body: { status: 'invalid' } }],
    says: /calls the order invalid and says nothing of why; it is asked again/,
  },
  'does not find an order any more once it was finalized': {
    rules: [
      { on: 'order', from: 2, fault: 'answer', status: 404, problem: 'malformed', detail: 'gone' },
      { on: 'finalize', fault: 'patch', body: { status: 'processing', certificate: null } },
    ],
    isHopeless: true,
    says: /no longer knows the order .*ordered anew/,
    spoiled: 99,
  },
  'says once that an order is another’s': answers({
    on: 'order',
    at: 2,
    problem: 'unauthorized',
    status: 403,
    detail: 'not yours',
  }),
  'does not find authorizations at first': answers(
    { on: 'authorization', times: 3, status: 404, problem: 'malformed' },
    /no longer knows|asked again|tried again/,
  ),
  'fails at authorizations at first': answers({
    on: 'authorization',
    times: 3,
    status: 500,
    problem: 'serverInternal',
  }),
  'answers HTML for authorizations at first': answers({
    on: 'authorization',
    times: 2,
    headers: HTML,
    body: '<html>',
  }),
  'answers HTML for orders at first': answers({ on: 'order', times: 3, headers: HTML, body: '<html>' }),
  'answers nothing for orders at first': answers({ on: 'order', times: 3, body: '' }),
  'answers 500 and HTML for orders at first': answers({
    on: 'order',
    times: 3,
    status: 500,
    headers: HTML,
    body: '<html>',
  }),
  'fails at new orders at first': answers(
    { on: 'new-order', times: 3, problem: 'serverInternal' },
    /the fault is with the CA/,
  ),
  'makes an order and fails then': answers({
    on: 'new-order',
    times: 1,
    status: 500,
    headers: HTML,
    body: '<html>',
    takes_effect: true,
  }),
  'makes an order and hangs up': { rules: [{ on: 'new-order', times: 1, fault: 'cut', takes_effect: true }] },
  'answers a new order without content': { rules: [EMPTY_ORDER] },
  'answers a new order without its URL once': patched({
    on: 'new-order',
    times: 1,
    headers: { location: null },
  }),
  'answers new orders without their URLs': {
    ...patched({ on: 'new-order', headers: { location: null } }),
    isHopeless: true,
    says: /without the URL of what it made \(Location\)/,
  },
  'gives the same order until it is finalized': { rules: [{ on: 'new-order', fault: 'same_order' }] },
  'gives the same order, and wants control shown for each': {
    rules: [
      { on: 'new-order', fault: 'same_order' },
      { fault: 'terms', reuses_authorizations: false },
    ],
    row: { reusesAuthorizations: false },
  },
  'takes a challenge and fails then': answers({
    on: 'challenge',
    times: 1,
    problem: 'serverInternal',
    takes_effect: true,
  }),
  'takes a challenge and answers HTML': answers({
    on: 'challenge',
    headers: HTML,
    body: '<html>',
    takes_effect: true,
  }),
  'takes a challenge and answers nothing': answers({ on: 'challenge', body: '', takes_effect: true }),
  'takes a challenge and hangs up': {
    rules: [{ on: 'challenge', times: 1, fault: 'cut', takes_effect: true }],
  },
  'takes a challenge and says that it was answered': answers({
    on: 'challenge',
    times: 1,
    problem: 'unauthorized',
    detail: 'the challenge was answered',
    takes_effect: true,
  }),
  'does not find challenges at first': answers({
    on: 'challenge',
    times: 2,
    status: 404,
    problem: 'malformed',
  }),
  'answers HTML for challenges at first': answers(
    { on: 'challenge', times: 2, headers: HTML, body: '<html>' },
    /text\/html/,
  ),
  'takes five minutes to look': { rules: [{ on: 'challenge', fault: 'stall', seconds: 300 }] },
  'takes an hour to look': {
    rules: [{ on: 'challenge', fault: 'stall', seconds: 3_600 }],
    says: /has been looking for what shows control since/,
    within: 7_200,
  },
  'takes ten minutes to issue': {
    rules: [slowly(600)],
    says: /has been issuing since .* UTC; it is asked again/,
  },
  'takes ten hours to issue': { rules: [slowly(36_000)], says: /has been issuing since/, within: 40_000 },
};
