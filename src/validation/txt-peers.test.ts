import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type DnsServer,
  freePortAt,
  needsDnsServers,
  startBind,
  startKnot,
  zoneFile,
} from '../../test/support/dns-servers.ts';
import { VirtualClock } from '../kit/clock.ts';
import { createTxtPrecheck } from './txt.ts';
import type { TxtCheck, Wanted } from './validation.ts';

const PARENT = '127.0.72.1';
const BIND = '127.0.72.2';
const KNOT = '127.0.72.3';
const BIND_LABEL = `ns1\\.host\\.test \\(127\\.0\\.72\\.2\\)`;
const KNOT_LABEL = `ns2\\.host\\.test \\(127\\.0\\.72\\.3\\)`;
const BOTH = `${BIND_LABEL}, ${KNOT_LABEL}`;
const VALUE = 'gfj9Xq-Rg85nM_2Lk1oVd3tQpZ7yHs4wBcE6uAiNxKo';
const OURS = 'www.shop.0123456789abcdef.dcv.test';

const NS = ['ns1.host.test.', 'ns2.host.test.'];
const at = (...lines: string[]): string => zoneFile(NS, lines);
const txt = (value: string, owner = '_acme-challenge.www'): string => `${owner} TXT "${value}"`;
const chain = (length: number): string[] => [
  '_acme-challenge.www CNAME n1',
  ...Array.from({ length: length - 1 }, (_, n) => `n${n + 1} CNAME n${n + 2}`),
  txt(VALUE, `n${length}`),
];

/** Zones that both servers hold alike. */
const ALIKE = {
  'host.test': at(`ns1 A ${BIND}`, `ns2 A ${KNOT}`),
  'good.test': at(txt('old'), txt(VALUE)),
  'large.test': at(...Array.from({ length: 40 }, (_, n) => txt(`${n}`.padStart(60, 'x'))), txt(VALUE)),
  'absent.test': at(),
  'other.test': at('_acme-challenge.www CAA 0 issue "ca.test"'),
  'stale.test': at(txt('stale')),
  'wildtxt.test': at('* TXT "v=spf1 -all"', 'www A 192.0.2.1', '*.www TXT "v=spf1 -all"'),
  'wildcname.test': at('* CNAME parked.host.test.'),
  'wildgood.test': at(`*.www TXT "${VALUE}"`),
  'loop.test': at('_acme-challenge.www CNAME a', 'a CNAME b', 'b CNAME _acme-challenge.www'),
  'chain8.test': at(...chain(8)),
  'chain9.test': at(...chain(9)),
  'across.test': at('_acme-challenge.www CNAME _acme-challenge.www.good.test.'),
  'elsewhere.test': at('_acme-challenge.www CNAME old.good.test.'),
  'delegated.test': at(`_acme-challenge.www CNAME ${OURS}.`),
  'dcv.test': at(),
};

const CUSTOMERS = ['lame.test', 'broken.test', 'split.test', 'half.test', ...Object.keys(ALIKE)];

const parent = zoneFile(
  ['a.nic.test.'],
  [
    `a.nic A ${PARENT}`,
    `ns1.host A ${BIND}`,
    `ns2.host A ${KNOT}`,
    ...CUSTOMERS.flatMap((zone) => NS.map((server) => `${zone}. NS ${server}`)),
    'dead NS ns1.dead.test.',
    'ns1.dead A 127.0.72.9',
    'homeless NS ns.nowhere.test.',
  ],
);

/** What is said of a record that cannot be seen, as regular expressions. */
const CASES: readonly (readonly [zone: string, words: string, more?: Partial<Wanted>])[] = [
  ['absent.test', `^the name \\S+ does not exist at ${BOTH}; create TXT _acme\\S+ with value "${VALUE}"$`],
  ['other.test', `^\\S+ has no TXT record at ${BOTH}; create TXT`],
  [
    'stale.test',
    `^TXT \\S+ has other values at ${BOTH}: "stale"; add the missing value "${VALUE}" to TXT \\S+, where other values do no harm`,
  ],
  [
    'wildtxt.test',
    `^\\S+ has no record of its own, the wildcard \\*\\.www\\.wildtxt\\.test answers for it with TXT "v=spf1 -all" at ${BIND_LABEL}; create TXT _acme-challenge\\.www\\.wildtxt\\.test with value "${VALUE}", which counts before the wildcard$`,
  ],
  [
    'wildcname.test',
    `^\\S+ has no record of its own, the wildcard \\*\\.wildcname\\.test answers for it with a CNAME to parked\\.host\\.test at ${BIND_LABEL}; create TXT`,
  ],
  ['lame.test', `has the value at ${BIND_LABEL}, but ${KNOT_LABEL} refuses to answer; repair that, or take`],
  ['broken.test', `has the value at ${KNOT_LABEL}, but ${BIND_LABEL} fails with SERVFAIL; repair that`],
  [
    'split.test',
    `^the servers disagree: TXT \\S+ has the value at ${BIND_LABEL}, but not yet at ${KNOT_LABEL} \\(other values there: "late"\\); wait until the zone`,
  ],
  [
    'half.test',
    `^its servers disagree: TXT \\S+ has other values at ${BIND_LABEL}: "one", the name \\S+ does not exist at ${KNOT_LABEL}; add`,
  ],
  [
    'loop.test',
    `lead in a circle \\(_acme-challenge\\.www\\.loop\\.test → a\\.loop\\.test → b\\.loop\\.test → _acme`,
  ],
  ['chain9.test', '^more than 8 CNAMEs follow one another from'],
  [
    'dead.test',
    '^no server of the zone dead\\.test answers for it: ns1\\.dead\\.test \\(127\\.0\\.72\\.9\\) does not listen; repair',
  ],
  [
    'homeless.test',
    '^the delegation of the zone homeless\\.test names ns\\.nowhere\\.test, and none of them has an address to ask; correct',
  ],
  ['nobody.test', '^nobody\\.test does not exist in its parent, the zone test .*; register the domain'],
  [
    'absent.test',
    `does not exist at ${BOTH}; create CNAME _acme-challenge\\.www\\.absent\\.test that leads to ${OURS}, or TXT`,
    { delegatedTo: OURS },
  ],
  [
    'stale.test',
    `"stale"; add the missing value .*; or remove TXT \\S+ and create CNAME _acme-challenge\\.www\\.stale\\.test that leads to ${OURS}$`,
    { delegatedTo: OURS },
  ],
  [
    'elsewhere.test',
    `^\\S+ leads by CNAME to old\\.good\\.test at ${BOTH}, not to ${OURS}; let the CNAME \\S+ lead to ${OURS}$`,
    { delegatedTo: OURS },
  ],
  ['delegated.test', `leads by CNAME to ${OURS}, and .*; this is ours to put right`, { delegatedTo: OURS }],
];

describe('a look at real BIND and Knot', needsDnsServers(), () => {
  const servers: DnsServer[] = [];
  let port = 0;

  before(async () => {
    port = await freePortAt([PARENT, BIND, KNOT]);
    const root = zoneFile(['a.nic.test.'], ['test. NS a.nic.test.', `a.nic.test. A ${PARENT}`]);
    servers.push(await startBind({ address: PARENT, port, zones: { '.': root, test: parent } }));
    const onlyBind = {
      'lame.test': at(txt(VALUE)),
      'broken.test': 'this is no zone',
      'split.test': at(txt(VALUE)),
      'half.test': at(txt('one')),
    };
    servers.push(await startBind({ address: BIND, port, zones: { ...onlyBind, ...ALIKE } }));
    const onlyKnot = { 'broken.test': at(txt(VALUE)), 'split.test': at(txt('late')), 'half.test': at() };
    servers.push(await startKnot({ address: KNOT, port, zones: { ...onlyKnot, ...ALIKE } }));
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  const look = (zone: string, more: Partial<Wanted> = {}): Promise<TxtCheck> => {
    const lookAt = createTxtPrecheck({
      roots: [PARENT],
      port,
      allow: ['127.0.72.0/24'],
      ipv6: false,
      clock: new VirtualClock(),
      delegationZone: 'dcv.test',
    });
    const record = { txtName: `_acme-challenge.www.${zone}`, txtValue: VALUE, ...more };
    return lookAt(record, AbortSignal.timeout(20_000));
  };

  for (const zone of ['good.test', 'wildgood.test', 'large.test', 'chain8.test', 'across.test']) {
    it(`sees the value of ${zone} at both`, async () => {
      const seen = await look(zone);
      assert.equal(seen.problem, undefined);
      assert.equal(seen.seen.length, 2);
    });
  }

  for (const [zone, words, more] of CASES) {
    it(`says of ${zone}${more ? ', delegated' : ''}: ${words.replaceAll('\\', '').slice(0, 70)} …`, async () => {
      const seen = await look(zone, more);
      assert.equal(seen.isVisible, false);
      assert.match(seen.problem ?? '', new RegExp(words));
    });
  }
});
