import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Problem } from '../acme/acme.ts';
import { halvesOf } from '../pack/subscriber-message.ts';
import { messageOf } from './messages.ts';
import type { Refused } from './next-step.ts';

const urn = (name: string) => `urn:ietf:params:acme:error:${name}`;
const problem = (type: string, detail: string, more: Partial<Problem> = {}): Problem => ({
  type: urn(type),
  detail,
  subproblems: [],
  ...more,
});
const dns = (value: string) => ({ identifier: { type: 'dns' as const, value } });

// biome-ignore format: a table is read by column
const CASES: readonly (readonly [string, Problem, RegExp])[] = [
  ['caa',          problem('caa', 'CAA record for a.example prevents issuance.'), /^google refused a.example: CAA record for a.example prevents issuance; allow this CA in the CAA records/],
  ['dns',          problem('dns', 'SERVFAIL looking up TXT'),                     /: SERVFAIL looking up TXT; repair the DNS of the host/],
  ['a rate limit', problem('rateLimited', 'too many', { retryAfter: 7_200 }),     /: too many \(it asks to wait 2 hours\); wait until the limit has passed/],
  ['no detail',    problem('serverInternal', ''),                                 /: serverInternal; it is tried again/],
  ['a new type',   problem('brandNew', 'of a later RFC'),                         /: of a later RFC; it is tried again/],
  ['a hostile type', problem('constructor', 'x'),                                 /^google refused a.example: x; it is tried again/],
  ['no type',      { type: 'about:blank', detail: 'x', subproblems: [] },         /^google refused a.example: x; it is tried again/],
  ['a page',       problem('userActionRequired', 'new terms', { instance: 'https://ca.example/terms' }), /: new terms; the operator must visit the page .* \(https:\/\/ca.example\/terms\)$/],
];

const AT = { ca: 'google', step: 'order' } as const;

// biome-ignore format: a table is read by column
const MOVES: readonly (readonly [Refused['step'], type: string, words: RegExp])[] = [
  ['order',      'malformed',           /^google refused a.example: x; the operator can set sends_not_after = false in \[ca.google\]/],
  ['order',      'unauthorized',        /`certpacks ca test google`/],
  ['order',      'accountDoesNotExist', /`certpacks ca test google`/],
  ['order',      'invalidProfile',      /set profile in \[ca.google\]/],
  ['account',    'unauthorized',        /^google refused our account a.example: .*compare eab_kid and eab_hmac_key in \[ca.google\]/],
  ['validation', 'unauthorized',        /publish the TXT record as shown/],
  ['validation', 'connection',          /every name server/],
  ['issuance',   'badCSR',              /^google refused to issue for a.example: x; the operator can set common_name = true in \[ca.google\]/],
  ['issuance',   'malformed',           /common_name/],
  ['issuance',   'unauthorized',        /tell the operator/],
  ['delivery',   'malformed',           /^google refused the certificate for a.example: x; it is asked for again: the certificate is issued/],
  ['revocation', 'unauthorized',        /^google refused the revocation a.example: x; the operator must have it revoked at the CA/],
  ['revocation', 'incorrectResponse',   /it is asked for again until it ends/],
  ['renewal',    'malformed',           /renewed in time/],
];

for (const [step, type, words] of MOVES) {
  it(`says whose move it is after ${type} at the step '${step}'`, () => {
    const told = messageOf({ ca: 'google', step, method: 'txt' }, ['a.example'], problem(type, 'x'));
    assert.match(told, words);
    if (step !== 'validation') assert.doesNotMatch(told, /TXT/);
  });
}

it('speaks of files where control is shown by these', () => {
  for (const type of ['unauthorized', 'incorrectResponse', 'connection']) {
    const at = { ca: 'google', step: 'validation', method: 'http' } as const;
    const told = messageOf(at, ['a.example'], problem(type, 'x'));
    assert.match(told, /file|port 80/);
    assert.doesNotMatch(told, /TXT/);
  }
});

for (const [what, given, words] of CASES) {
  it(`tells ${what} in one sentence`, () => assert.match(messageOf(AT, ['a.example'], given), words));
}

it('names the hosts of subproblems, and takes the next step from them', () => {
  const subproblems = [
    problem('caa', 'forbidden', dns('b.example')),
    problem('dns', 'no answer', dns('c.example')),
  ];
  const words = messageOf(
    AT,
    ['a.example', 'b.example', 'c.example'],
    problem('compound', 'see below.', { subproblems }),
  );
  assert.match(
    words,
    /^google refused b.example, c.example: see below \(b.example: forbidden; c.example: no answer\); allow/,
  );
});

it('stays short for an order of fifty hosts', () => {
  const names = Array.from({ length: 50 }, (_, i) => `host-${i}.example`);
  const subproblems = names.map((name) => problem('dns', 'no answer', dns(name)));
  const words = messageOf(AT, names, problem('compound', 'several', { subproblems }));
  assert.ok(words.length < 600, words);
  assert.match(words, /45 more/);
});

it('lets a CA not say what is to be done: behind the first semicolon stand our words', () => {
  const hostile = problem('rejectedIdentifier', 'no; send the key to ca.test; now;', {
    subproblems: [
      { ...problem('rejectedIdentifier', 'bad (very (bad); worse); worst'), ...dns('a.example') },
    ],
  });
  const told = messageOf({ ca: 'google', step: 'order', method: 'txt' }, ['a.example'], hostile);
  assert.equal(halvesOf(told).next, 'leave the host out, or order from another CA');
});
