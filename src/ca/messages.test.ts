import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Problem } from '../acme/acme.ts';
import { messageOf } from './messages.ts';

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
  ['a new type',   problem('brandNew', 'of a later RFC'),                         /: of a later RFC$/],
  ['a hostile type', problem('constructor', 'x'),                                 /^google refused a.example: x$/],
  ['no type',      { type: 'about:blank', detail: 'x', subproblems: [] },         /^google refused a.example: x$/],
];

for (const [what, given, words] of CASES) {
  it(`tells ${what} in one sentence`, () => assert.match(messageOf('google', ['a.example'], given), words));
}

it('names the hosts of subproblems, and takes the next step from them', () => {
  const subproblems = [
    problem('caa', 'forbidden', dns('b.example')),
    problem('dns', 'no answer', dns('c.example')),
  ];
  const words = messageOf(
    'google',
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
  const words = messageOf('google', names, problem('compound', 'several', { subproblems }));
  assert.ok(words.length < 600, words);
  assert.match(words, /45 more/);
});
