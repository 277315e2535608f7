/** Oddities of how certificates are requested, and issued. */
import type { TestRule } from '../simulator/simulated-ca.ts';
import type { Oddity } from './oddity.ts';

const HTML = { 'content-type': 'text/html' };

const answers = (told: Omit<Extract<TestRule, { fault: 'answer' }>, 'fault'>, says?: RegExp): Oddity => ({
  rules: [{ fault: 'answer', ...told }],
  ...(says && { says }),
});

const patched = (
  told: Omit<Extract<TestRule, { fault: 'patch' }>, 'fault'>,
  ...more: readonly TestRule[]
): Oddity => ({
  rules: [{ fault: 'patch', ...told }, ...more],
});

/** Of issuance. */
export const ISSUANCE: Readonly<Record<string, Oddity>> = {
  'finalizes, and its answer is lost': {
    rules: [{ on: 'finalize', times: 2, fault: 'cut', takes_effect: true }],
  },
  'finalizes, and its answer comes too late': {
    rules: [{ on: 'finalize', times: 2, fault: 'silence', takes_effect: true }],
  },
  'finalizes, and fails then': answers({
    on: 'finalize',
    times: 2,
    problem: 'serverInternal',
    takes_effect: true,
  }),
  'finalizes, and answers HTML': answers({
    on: 'finalize',
    headers: HTML,
    body: '<html>',
    takes_effect: true,
  }),
  'finalizes, and refuses in other words': answers({
    on: 'finalize',
    times: 2,
    problem: 'malformed',
    detail: 'finalized already',
    takes_effect: true,
  }),
  'does not finalize at first': answers({
    on: 'finalize',
    times: 3,
    status: 502,
    headers: HTML,
    body: '<html>',
  }),
  'does not find what is to be finalized at first': answers({
    on: 'finalize',
    times: 2,
    status: 404,
    problem: 'malformed',
  }),
  'calls a ready order not ready at first': answers(
    { on: 'finalize', times: 3, problem: 'orderNotReady', detail: 'the order is pending' },
    /does not take the order as ready/,
  ),
  'calls a finalized order pending': patched({
    on: 'finalize',
    body: { status: 'pending', certificate: null },
  }),
  'calls a finalized order ready': patched({ on: 'finalize', body: { status: 'ready', certificate: null } }),
  'calls orders pending whose hosts are all valid': patched({
    on: 'order',
    times: 12,
    body: { status: 'pending' },
  }),
  'calls orders valid and names no certificate at first': patched({
    on: ['order', 'finalize'],
    times: 12,
    body: { certificate: null },
  }),
  'refuses the request for a certificate once': answers(
    { on: 'finalize', times: 1, problem: 'badCSR', detail: 'no' },
    /common_name = true in \[ca\.lets_encrypt\]/,
  ),
  'wants a common name, which is not configured': {
    rules: [{ fault: 'terms', wants_common_name: true }],
    isHopeless: true,
    says: /common name; the operator can set common_name = true in \[ca\.lets_encrypt\]/,
  },
  'wants a common name, which is configured': {
    rules: [{ fault: 'terms', wants_common_name: true }],
    row: { hasCommonName: true },
  },
  'takes no end of validity': answers({
    on: 'new-order',
    with: 'notAfter',
    problem: 'malformed',
    detail: 'NotBefore and NotAfter are not supported',
  }),
  'takes no end of validity, in words of its own': answers({
    on: 'new-order',
    with: 'notAfter',
    status: 422,
    body: { error: 'unsupported member' },
  }),
};
