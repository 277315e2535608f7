import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type DnsServer,
  freePortAt,
  needsDnsServers,
  startBind,
  startKnot,
  zoneFile,
} from '../../test/support/dns-servers.ts';
import { VirtualClock } from '../kit/clock.ts';
import { createCaaPrecheck } from './caa.ts';
import type { CaaQuestion } from './validation.ts';

const PARENT = '127.0.73.1';
const BIND = '127.0.73.2';
const KNOT = '127.0.73.3';
const ACCOUNT = 'https://acme.ca.test/acct/1';
const SEEN = '\\(seen at ns[12]\\.host\\.test \\(127\\.0\\.73\\.[23]\\)\\)';

const NS = ['ns1.host.test.', 'ns2.host.test.'];
const at = (...lines: string[]): string => zoneFile(NS, lines);

/** Zones that both servers hold alike. */
const ALIKE = {
  'host.test': at(`ns1 A ${BIND}`, `ns2 A ${KNOT}`),
  'free.test': at('www A 192.0.2.1'),
  'ours.test': at('@ CAA 0 issue "CA.test"', '@ CAA 0 iodef "mailto:a@ours.test"'),
  'other.test': at('@ CAA 0 issue "x.test"', 'own CAA 0 issue "ca.test"'),
  'wild.test': at('@ CAA 0 issue "ca.test"', '@ CAA 0 issuewild ";"'),
  'critical.test': at('@ CAA 128 tbs "x"', '@ CAA 0 issue "ca.test"'),
  'account.test': at(`@ CAA 0 issue "ca.test; accounturi=${ACCOUNT}9"`),
  'method.test': at('@ CAA 0 issue "ca.test; validationmethods=http-01"'),
  'alias.test': at('www CNAME shop.other.test.', 'own CNAME own.other.test.', 'apex CNAME other.test.'),
  'loop.test': at('www CNAME a', 'a CNAME www'),
  'long.test': at(...Array.from({ length: 10 }, (_, n) => `n${n} CNAME n${n + 1}`)),
  'strict.top': at(),
};

const split = { 'split.test': ['@ CAA 0 issue "x.test"'], 'broken.test': ['@ CAA 0 issue "ca.test"'] };

const delegations = [...Object.keys(ALIKE), ...Object.keys(split), 'void.test'].flatMap((zone) =>
  NS.map((server) => `${zone}. NS ${server}`),
);
const glue = [`ns1.host.test. A ${BIND}`, `ns2.host.test. A ${KNOT}`];
const under = (tld: string): string[] => delegations.filter((line) => line.includes(`.${tld}. NS`));

/** What is said of a pack's hosts, as regular expressions. */
const FORBIDDEN: readonly (readonly [host: string, words: string])[] = [
  [
    'a.b.other.test',
    `CAA other\\.test lets only x\\.test issue; add CAA other\\.test 0 issue "ca\\.test" ${SEEN}$`,
  ],
  [
    '*.wild.test',
    '^\\*\\.wild\\.test: CAA wild\\.test lets no CA issue for wildcards; add CAA wild\\.test 0 issuewild',
  ],
  ['www.critical.test', 'CAA critical\\.test has the critical tag "tbs"'],
  [
    'account.test',
    `accounturi=${ACCOUNT}9" is not for our account at ca\\.test; add one with accounturi=${ACCOUNT} `,
  ],
  ['method.test', 'does not let ca\\.test validate by dns-01; let'],
  [
    'apex.alias.test',
    '^apex\\.alias\\.test: apex\\.alias\\.test leads by CNAME to other\\.test, and CAA other\\.test lets',
  ],
  ['www.strict.top', 'CAA top lets no CA issue; add CAA top 0'],
];

const NEEDS = needsDnsServers();

const servers: DnsServer[] = [];
let port = 0;

before(async () => {
  if (NEEDS.skip !== false) return;
  port = await freePortAt([PARENT, BIND, KNOT]);
  const tlds = ['test. NS a.nic.test.', 'top. NS a.nic.test.', `a.nic.test. A ${PARENT}`];
  const zones = {
    '.': zoneFile(['a.nic.test.'], tlds),
    test: zoneFile(['a.nic.test.'], [`a.nic A ${PARENT}`, ...glue, ...under('test')]),
    top: zoneFile(['a.nic.test.'], ['@ CAA 0 issue ";"', ...under('top')]),
  };
  servers.push(await startBind({ address: PARENT, port, zones }));
  const onBind = { 'split.test': at(...split['split.test']), 'broken.test': 'this is no zone' };
  servers.push(await startBind({ address: BIND, port, zones: { ...onBind, ...ALIKE } }));
  const onKnot = { 'split.test': at(), 'broken.test': at(...split['broken.test']) };
  servers.push(await startKnot({ address: KNOT, port, zones: { ...onKnot, ...ALIKE } }));
});
after(() => Promise.all(servers.map((server) => server.stop())));

const look = (hosts: readonly string[], more: Partial<CaaQuestion> = {}, allow = ['127.0.73.0/24']) => {
  const lookAt = createCaaPrecheck({ roots: [PARENT], port, allow, ipv6: false, clock: new VirtualClock() });
  const question = { hosts, identities: ['ca.test'], accountUri: ACCOUNT, method: 'dns-01', ...more };
  return lookAt(question, AbortSignal.timeout(30_000));
};

test(
  'a look at CAA finds nothing that forbids: no records, records that name the CA, at the host, a parent or a target',
  NEEDS,
  async () => {
    const hosts = ['www.free.test', '*.free.test', 'ours.test', 'a.b.c.ours.test', '*.ours.test'];
    const more = ['own.other.test', 'x.own.other.test', 'own.alias.test', 'wild.test'];
    assert.deepEqual(await look([...hosts, ...more]), { doubts: [] });
  },
);

test('climbs the host’s own parents, not those of the name that its CNAME leads to', NEEDS, async () => {
  assert.deepEqual(await look(['www.alias.test']), { doubts: [] });
});

for (const [host, words] of FORBIDDEN) {
  test(`refuses ${host}: ${words.replaceAll('\\', '').slice(0, 60)} …`, NEEDS, async () => {
    const { refusal, seen = [], doubts } = await look([host]);
    assert.match(seen[0]?.server ?? '', / \(127\.0\.\d+\.\d\)$/);
    assert.match(seen[0]?.records.join() ?? '', /^CAA \S+ \d+ \w+ "/);
    assert.match(refusal ?? '', new RegExp(words));
    assert.deepEqual(doubts, []);
  });
}

test('names all hosts that one record forbids in one sentence, and keeps the rest short', NEEDS, async () => {
  const hosts = ['a', 'b', 'c', 'd', 'e'].map((label) => `${label}.other.test`);
  const { refusal = '' } = await look([...hosts, '*.wild.test', 'critical.test', 'method.test']);
  assert.match(refusal, /^a\.other\.test, b\.other\.test, c\.other\.test, d\.other\.test and 1 more: CAA/);
  assert.match(refusal, /; also, .*; and 1 more of this kind$/);
});

test('goes by the identities, the account and the method that it is given', NEEDS, async () => {
  assert.deepEqual(await look(['other.test'], { identities: ['y.test', 'x.test'] }), { doubts: [] });
  assert.deepEqual(await look(['account.test'], { accountUri: `${ACCOUNT}9` }), { doubts: [] });
  assert.deepEqual(await look(['method.test'], { method: 'http-01' }), { doubts: [] });
  assert.deepEqual(await look(['other.test'], { identities: [] }), { doubts: [] });
});

test('doubts, and does not refuse, where the servers disagree', NEEDS, async () => {
  let told: readonly string[] = [];
  // The parent names its servers in random order, and what the first says is taken while it forbids nothing.
  for (let n = 0; n < 50 && told.length === 0; n += 1) {
    const { refusal, doubts } = await look(['split.test']);
    assert.equal(refusal, undefined);
    told = doubts;
  }
  assert.match(
    told[0] ?? '',
    /^split\.test: .*lets only x\.test issue.*, while ns2\.host\.test \(127\.0\.73\.3\) lets it issue; let all name servers/,
  );
});

test('goes to the next server where one fails', NEEDS, async () => {
  assert.deepEqual(await look(['broken.test']), { doubts: [] });
});

test('doubts, and does not refuse, where nobody can tell', NEEDS, async () => {
  const { refusal, doubts } = await look(['www.void.test', 'www.loop.test', 'n0.long.test']);
  assert.equal(refusal, undefined);
  assert.equal(doubts.length, 3);
  assert.match(
    doubts[0] ?? '',
    /^www\.void\.test: CAA www\.void\.test cannot be told: ns\d\S+ \S+ refuses to answer, ns/,
  );
  assert.match(
    doubts[1] ?? '',
    /lead in a circle \(www\.loop\.test → a\.loop\.test → www\.loop\.test\) \(seen at ns.*; correct the/,
  );
  assert.match(
    doubts[2] ?? '',
    /more than 8 CNAMEs follow one another from n0\.long\.test \(seen at ns.*; correct the CNAMEs, or the CA/,
  );
});

test('asks no address that is not public', NEEDS, async () => {
  const { refusal, doubts } = await look(['other.test'], {}, [`${PARENT}/32`]);
  assert.equal(refusal, undefined);
  assert.match(
    doubts[0] ?? '',
    /ns1\.host\.test \(127\.0\.73\.2\) was not asked, its address is refused by policy/,
  );
});

test('has the means for a pack of a hundred hosts', NEEDS, async () => {
  const hosts = Array.from({ length: 100 }, (_, n) => `h${n}.ours.test`);
  assert.deepEqual(await look(hosts), { doubts: [] });
});

test('rejects with the reason of an aborted signal', NEEDS, async () => {
  const reason = new Error('enough');
  const lookAt = createCaaPrecheck({
    roots: [PARENT],
    port,
    allow: [],
    ipv6: false,
    clock: new VirtualClock(),
  });
  const question = { hosts: ['free.test'], identities: ['ca.test'], method: 'dns-01' };
  await assert.rejects(lookAt(question, AbortSignal.abort(reason)), reason);
});
