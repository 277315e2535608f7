/** Oddities of refusals, and of nonces. */
import type { TestRule } from '../simulator/simulated-ca.ts';
import type { Oddity } from './oddity.ts';

type Answer = Extract<TestRule, { fault: 'answer' }>;

const refuses = (told: Omit<Answer, 'fault'>, says?: RegExp): Oddity => ({
  // Without an end of validity: else it might be that which is refused.
  row: { sendsNotAfter: false },
  rules: [{ on: 'new-order', times: 1, fault: 'answer', ...told }],
  ...(says && { says }),
});

const JSON_TYPE = { 'content-type': 'application/json' };
const NESTED = {
  type: 'urn:ietf:params:acme:error:compound',
  detail: 'several',
  subproblems: [
    {
      type: 'x',
      subproblems: [
        {
          type: 'urn:ietf:params:acme:error:serverInternal',
          detail: 'deep',
          identifier: { type: 'dns', value: 'SHOP.test.' },
        },
      ],
    },
  ],
};

/** Of answers. */
export const ANSWERS: Readonly<Record<string, Oddity>> = {
  'refuses once by a type that nobody knows': refuses(
    { status: 400, headers: JSON_TYPE, body: { type: 'https://ca.example/errors/busy', detail: 'busy' } },
    /refused shop\.test: busy; it is tried again/,
  ),
  'refuses once without a type': refuses(
    { status: 400, headers: JSON_TYPE, body: { detail: 'busy' } },
    /busy; it is tried again/,
  ),
  'refuses once without a reason': refuses(
    { status: 400, headers: JSON_TYPE, body: {} },
    /HTTP 400 without a reason/,
  ),
  'refuses once in JSON that is called HTML': refuses(
    {
      status: 500,
      headers: { 'content-type': 'text/html' },
      body: '{"type":"urn:ietf:params:acme:error:serverInternal","detail":"busy"}',
    },
    /busy; it is tried again; the fault is with the CA/,
  ),
  'refuses once by problems in problems': refuses(
    { status: 400, headers: JSON_TYPE, body: NESTED },
    /refused shop\.test: several \(shop\.test: deep\)/,
  ),
  'refuses once in another form of JSON': refuses(
    { status: 400, headers: JSON_TYPE, body: { error: 'invalid_request', error_description: 'busy' } },
    /busy/,
  ),
  'answers 403 and HTML once': refuses(
    { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>' },
    /HTTP 403/,
  ),
  'leads elsewhere once': refuses(
    { status: 302, headers: { location: 'https://127.0.0.1:9/' } },
    /a redirect/,
  ),
  'refuses nonces four times in a row': {
    rules: [{ on: 'new-order', times: 4, fault: 'answer', problem: 'badNonce' }],
  },
  'refuses each second nonce': {
    rules: [
      {
        on: ['order', 'finalize', 'challenge', 'authorization', 'certificate'],
        every: 2,
        fault: 'answer',
        problem: 'badNonce',
      },
    ],
  },
  'refuses nonces in words alone': {
    rules: [
      {
        on: 'new-order',
        times: 3,
        fault: 'answer',
        status: 400,
        body: { detail: 'invalid anti-replay nonce' },
      },
    ],
  },
  'refuses nonces for a while': {
    rules: [{ on: 'finalize', times: 12, fault: 'answer', problem: 'badNonce' }],
    says: /badNonce|nonce/,
  },
  'refuses every nonce': {
    rules: [{ on: 'finalize', fault: 'answer', problem: 'badNonce' }],
    isHopeless: true,
    says: /the fault is with the CA/,
  },
  'gives no nonces with its answers': {
    rules: [
      {
        fault: 'patch',
        on: ['new-account', 'new-order', 'order', 'authorization', 'challenge', 'finalize', 'certificate'],
        headers: { 'replay-nonce': null },
      },
    ],
  },
  'gives nonces to GET alone': {
    rules: [
      {
        on: 'new-nonce',
        step: async (exchange, next) => (exchange.method === 'HEAD' ? { status: 405 } : next(exchange)),
      },
    ],
  },
  'has a clock that is three minutes ahead': { rules: [{ fault: 'clock', ahead_s: 180 }] },
  'has a clock that is three minutes behind': { rules: [{ fault: 'clock', ahead_s: -180 }] },
  'has a clock that is a month behind': {
    rules: [{ fault: 'clock', ahead_s: -30 * 86_400 }],
  },
};
