/** Oddities of accounts. */
import type { TestRule } from '../simulator/simulated-ca.ts';
import type { Oddity } from './oddity.ts';

const unknown: Omit<Extract<TestRule, { fault: 'answer' }>, 'on'> = {
  fault: 'answer',
  problem: 'accountDoesNotExist',
  detail: 'unknown account',
};

const ASKED = ['new-order', 'order', 'authorization', 'challenge', 'finalize', 'certificate'] as const;

/** Of accounts. */
export const ACCOUNTS: Readonly<Record<string, Oddity>> = {
  'does not know a new account at first': { rules: [{ ...unknown, on: [...ASKED], times: 2 }] },
  'does not know the account once at each step': { rules: ASKED.map((on) => ({ ...unknown, on, at: 1 })) },
  'does not know the account for minutes': {
    rules: [{ ...unknown, on: 'finalize', times: 6 }],
    says: /unknown account/,
  },
  'forgets the account': {
    rules: [{ on: 'new-order', times: 1, fault: 'forget', what: 'account' }],
    says: /`certpacks ca test lets_encrypt` makes it anew/,
  },
  'forgets the account, and fails for that in other words': {
    rules: [
      { on: 'new-order', times: 1, fault: 'forget', what: 'account' },
      { on: 'new-order', step: async (exchange, next) => inOtherWords(await next(exchange)) },
    ],
  },
  'answers a new account without its URL once': {
    rules: [{ on: 'new-account', times: 1, fault: 'patch', headers: { location: null } }],
  },
  'makes an account and fails then': {
    rules: [{ ...unknown, on: 'new-account', times: 1, problem: 'serverInternal', takes_effect: true }],
  },
  'takes a binding once, and its answer is lost': {
    ca: 'google',
    rules: [
      { on: 'new-account', times: 1, fault: 'cut', takes_effect: true },
      { on: 'new-account', fault: 'binding_once' },
    ],
  },
  'takes a binding once, and its answer comes too late': {
    ca: 'google',
    rules: [
      { on: 'new-account', times: 1, fault: 'silence', takes_effect: true },
      { on: 'new-account', fault: 'binding_once' },
    ],
  },
};

function inOtherWords<A extends { readonly status: number; readonly body?: unknown }>(answer: A): A {
  return JSON.stringify(answer.body)?.includes('accountDoesNotExist')
    ? {
        ...answer,
        status: 500,
        body: { type: 'urn:ietf:params:acme:error:serverInternal', detail: 'not found' },
      }
    : answer;
}
