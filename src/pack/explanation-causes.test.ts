/** What an explanation has beside the words of a status: records, zones, renewals, what was found and by whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explained, FACTS, KEPT, NOW, PAIR, SINCE, TXT } from '../../test/support/explanation.ts';
import { givenPack } from '../../test/support/pack.ts';
import { after, days, hours } from '../kit/time.ts';
import { foundOn, type Mover } from './found.ts';
import type { Pack, PackStatus, Run } from './pack.ts';

const END = new Date('2027-02-21T12:00:00Z');

test('records to create come field by field and as a line of a zone file: TXT, or the CNAME in their place', () => {
  const { records } = explained({ status: 'pending_validation', validationRecords: [TXT] });
  const target = 'example.com.abc123def4567890.dcv.ours.test';
  assert.deepEqual(records, [
    {
      purpose: 'validation',
      type: 'TXT',
      name: '_acme-challenge.example.com',
      value: 'a-value',
      ttl: 300,
      line: '_acme-challenge.example.com. 300 IN TXT "a-value"',
    },
    {
      purpose: 'delegation',
      type: 'CNAME',
      name: '_acme-challenge.example.com',
      value: target,
      ttl: 300,
      line: `_acme-challenge.example.com. 300 IN CNAME ${target}.`,
    },
  ]);
  const delegated = explained({ status: 'pending_validation', validationRecords: [TXT], isDelegated: true });
  assert.deepEqual(
    delegated.records.map(({ type }) => type),
    ['CNAME'],
  );
  assert.match(delegated.nextStep, /CNAME/);
  assert.deepEqual(explained({ status: 'active', ...KEPT, validationRecords: [TXT] }).records, []);
});

test('files to show come with their URL and their whole text', () => {
  const file = {
    host: 'example.com',
    status: 'pending',
    method: 'http',
    httpUrl: 'http://x',
    httpBody: 'a.b',
  } as const;
  const it = explained({ status: 'pending_validation', validationMethod: 'http', validationRecords: [file] });
  assert.deepEqual(it.files, [{ url: 'http://x', body: 'a.b' }]);
  assert.match(it.nextStep, /have each host show the file/);
});

test('what our own name servers are to show is our move', () => {
  const zone = { ...givenPack().zone, type: 'full' } as const;
  const it = explained({ status: 'pending_validation', zone, validationRecords: [TXT] });
  assert.deepEqual([it.whoseMove, it.records], ['us', []]);
});

test('what is held because of its zone says how to show control of that', () => {
  const zone = { ...givenPack().zone, status: 'moved' } as const;
  const partial = explained({ status: 'holding_deployment', zone, ...KEPT });
  assert.match(partial.waitsFor, /the zone example.com is moved/);
  assert.deepEqual(
    partial.records.map(({ line }) => line),
    ['cloudflare-verify.example.com. 300 IN TXT "1-2"'],
  );
  const full = explained({ status: 'holding_deployment', zone: { ...zone, type: 'full' }, ...KEPT });
  assert.deepEqual(
    full.records.map(({ line }) => line),
    ['ns1.ours.test', 'ns2.ours.test'].map((server) => `example.com. 86400 IN NS ${server}.`),
  );
  const early = explained({ status: 'pending_issuance', zone });
  assert.match(early.notes.join(), /the zone example.com is moved: what is issued is held/);
  assert.deepEqual(explained({ status: 'active', zone, ...KEPT }).notes, []);
});

test('a renewal that does not begin because of its zone is the customer’s move', () => {
  const zone = { ...givenPack().zone, status: 'moved' } as const;
  const it = explained({ status: 'active', zone, ...KEPT, renewal: { at: SINCE } });
  assert.equal(it.whoseMove, 'customer');
  assert.match(it.waitsFor, /its renewal does not begin, as the zone example.com is moved/);
  assert.equal(it.records.length, 1);
});

const run = (change: Partial<Run>): Run => ({
  kind: 'renewal',
  status: 'pending_validation',
  statusSince: after(SINCE, 60),
  attempts: 3,
  certificateAuthority: 'google',
  certificates: [],
  ...change,
});

test('a renewal under way is told of beside the pack that is served meanwhile: until when it may last, and what then', () => {
  const renewal = { at: SINCE, askAt: after(NOW, hours(6)), run: run({}) };
  const it = explained({
    status: 'active',
    ...KEPT,
    renewal,
    modifiedOn: after(SINCE, 90),
    validationErrors: ['example.com: nothing there; create it'],
    validationRecords: [TXT],
    found: foundOn({ cause: 'records_unseen' }, NOW),
  });
  assert.deepEqual(
    [it.run, it.status, it.stage, it.whoseMove],
    ['renewal', 'active', 'pending_validation', 'customer'],
  );
  assert.match(it.waitsFor, /^example.com is served; its renewal waits until its validation records/);
  assert.equal(it.nextStep, 'create it');
  assert.deepEqual(it.since, after(SINCE, 60));
  assert.equal(it.afterDeadline, 'pending_expiration');
  const { renewal: times } = it;
  assert.deepEqual(times?.plannedOn, SINCE);
  assert.deepEqual(times?.begunOn, after(SINCE, 60));
  assert.deepEqual(times?.givenUpOn, it.deadline);
  assert.deepEqual(times?.certificatesEndOn, END);
  assert.equal(it.records.length, 2);
});

test('a backup’s renewal is told of as one that is KEPT, and goes on until its end', () => {
  const it = explained({
    status: 'backup_issued',
    ...KEPT,
    pair: PAIR,
    renewal: { at: SINCE, run: run({}) },
  });
  assert.match(it.waitsFor, /is kept; its renewal waits/);
  assert.deepEqual([it.afterDeadline, it.deadline], ['expired', END]);
});

test('what the service made by itself it tries by itself', () => {
  const it = explained({ type: 'universal', status: 'validation_timed_out' });
  assert.deepEqual([it.whoseMove, it.nextLookOn], ['us', after(SINCE, days(1))]);
  assert.match(it.nextStep, /tried again at 2026-11-24/);
});

// biome-ignore format: a table is read by column
const HELD_UP: readonly (readonly [string, PackStatus, Partial<Pack>, Mover])[] = [
  ['the limit of a CA',            'initializing',       { found: foundOn({ cause: 'ca_limited' }, NOW), statusSince: after(NOW, hours(3)) }, 'ca'],
  ['a CA that is away',            'pending_issuance',   { found: foundOn({ cause: 'ca_unreachable' }, NOW) },                    'ca'],
  ['an account at the CA',         'initializing',       { found: foundOn({ cause: 'ca_refused', whose: 'operator' }, NOW) },     'operator'],
  ['a CA that was taken out',      'pending_issuance',   { found: foundOn({ cause: 'ca_not_configured' }, NOW) },                 'operator'],
  ['CAA records',                  'initializing',       { found: foundOn({ cause: 'caa_forbids' }, NOW) },                       'customer'],
  ['a certificate of no use',      'pending_issuance',   { found: foundOn({ cause: 'another_ordered_later' }, NOW) },             'us'],
  ['an edge that is just behind',  'pending_deployment', { found: foundOn({ cause: 'edge_behind' }, NOW), attempts: 1 },           'us'],
  ['an edge that stays behind',    'pending_deployment', { found: foundOn({ cause: 'edge_behind' }, NOW), attempts: 9 },           'operator'],
  ['another pack for the hosts',   'pending_deployment', { found: foundOn({ cause: 'outranked' }, NOW) },                         'customer'],
];
for (const [what, status, change, whose] of HELD_UP) {
  test(`a pack that ${what} holds up says whose move that makes it, and the step of the message`, () => {
    const it = explained({
      status,
      modifiedOn: NOW,
      validationErrors: ['example.com: it is so (a; b "c; d"); do that; and more'],
      ...change,
    });
    assert.deepEqual([it.whoseMove, it.nextStep], [whose, 'do that; and more']);
    assert(it.since <= NOW);
    assert.deepEqual(it.nextLookOn, FACTS.dueAt);
  });
}

test('what is worked on now is looked at now; too many changes say when the next is taken', () => {
  const it = explained({ status: 'initializing' }, { isInHand: true, changeableOn: after(NOW, hours(4)) });
  assert.deepEqual(it.nextLookOn, NOW);
  assert.match(it.notes.join(), /a PATCH is taken again from 2026-11-23 16:05 UTC on/);
});

test('evidence is what was found, and what each edge showed that is not in it', () => {
  const found = foundOn(
    {
      cause: 'edge_behind',
      evidence: [{ by: 'edge', who: 'a', about: 'example.com', said: 'edge a is away' }],
    },
    NOW,
  );
  const edges = [
    { edge: 'a', isShown: false, problem: 'edge a is away', seenOn: NOW },
    { edge: 'b', isShown: true, seenOn: SINCE },
    { edge: 'c', isShown: false, seenOn: SINCE },
    { edge: 'new', isShown: false },
  ];
  const { evidence } = explained({ status: 'pending_deployment', found }, { edges });
  assert.deepEqual(
    evidence.map(({ who, said, at }) => [who, said, at]),
    [
      ['a', 'edge a is away', NOW],
      ['b', 'it shows the certificates', SINCE],
      ['c', 'it does not show the certificates yet', SINCE],
    ],
  );
});

test('what is kept of a look has bounds, however much is answered', () => {
  const one = { by: 'name_server', who: 'n'.repeat(1_000), about: 'x', said: 'v'.repeat(9_000) } as const;
  const found = foundOn({ cause: 'records_unseen', evidence: Array.from({ length: 500 }, () => one) }, NOW);
  assert(JSON.stringify(found).length < 40 * 800);
});

test('what has to come before what the status is called by is what is waited for', () => {
  const cases = [
    ['caa_forbids', /waits until the CAA records of its hosts let google issue$/],
    ['ca_not_configured', /waits until google is configured here$/],
  ] as const;
  for (const [cause, says] of cases)
    assert.match(explained({ status: 'initializing', found: foundOn({ cause }, NOW) }).waitsFor, says);
});

test('the same answer of the same server to the same question is told once', () => {
  const one = {
    by: 'name_server',
    who: 'ns1.test',
    about: 'a.test',
    said: 'there is no such record',
  } as const;
  const evidence = [one, one, { ...one, who: 'ns2.test' }, one];
  assert.deepEqual(
    foundOn({ cause: 'records_unseen', evidence }, NOW).evidence.map(({ who }) => who),
    ['ns1.test', 'ns2.test'],
  );
});
