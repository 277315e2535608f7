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
import { createDelegationLook, type DelegationOptions } from './delegation.ts';
import type { DelegationCheck } from './validation.ts';

const BIND = '127.0.73.1';
const KNOT = '127.0.73.2';
const WANTED = ['ns1.ours.test', 'ns2.ours.test'];
const OURS = WANTED.map((name) => `${name}.`);

/** Zones as the two servers of their parent delegate them: alike, unless they are told apart. */
const ALIKE = {
  exact: OURS,
  upper: ['NS2.OURS.test.', 'ns1.Ours.test.'],
  one: OURS.slice(0, 1),
  more: [...OURS, 'ns3.ours.test.'],
  other: ['ns1.old.test.', 'ns2.old.test.'],
};
const lines = (zones: Readonly<Record<string, readonly string[]>>): string[] =>
  Object.entries(zones).flatMap(([zone, servers]) => servers.map((server) => `${zone} NS ${server}`));

const parent = (apart: Readonly<Record<string, readonly string[]>>): string =>
  zoneFile(
    ['a.nic.test.', 'b.nic.test.'],
    [`a.nic A ${BIND}`, `b.nic A ${KNOT}`, ...lines(ALIKE), ...lines(apart)],
  );

/** A parent of which one server does not answer. */
const HALF = zoneFile(['a.nic.test.', 'dead.nic.test.'], lines({ 'exact.half.test.': OURS }));

/** Port of both servers. */
let port = 0;

const look = (
  zone: string,
  wanted: readonly string[] = WANTED,
  own: DelegationOptions['own'] = [],
): Promise<DelegationCheck> => {
  const allow = ['127.0.73.0/24'];
  const clock = new VirtualClock();
  const lookAt = createDelegationLook({ roots: [BIND], port, allow, ipv6: false, clock, own });
  return lookAt(zone, wanted, new AbortController().signal);
};

describe('a look at the delegation of a zone, at real BIND and Knot', needsDnsServers(), () => {
  const servers: DnsServer[] = [];
  before(async () => {
    port = await freePortAt([BIND, KNOT]);
    const glue = [`a.nic.test. A ${BIND}`, `b.nic.test. A ${KNOT}`];
    const root = zoneFile(['a.nic.test.'], ['test. NS a.nic.test.', 'test. NS b.nic.test.', ...glue]);
    const half = lines({ half: ['a.nic.test.', 'dead.nic.test.'] });
    const both = zoneFile(OURS);
    const withHalf = (text: string) => [text, ...half, 'dead.nic A 127.0.73.9', ''].join('\n');
    const onBind = { '.': root, 'half.test': HALF, 'exact.test': both };
    servers.push(
      await startBind({ address: BIND, port, zones: { ...onBind, test: withHalf(parent({ split: OURS })) } }),
      await startKnot({ address: KNOT, port, zones: { test: withHalf(parent({ split: ALIKE.other })) } }),
    );
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  it('is exact where every server of the parent that tells names exactly the wanted ones', async () => {
    for (const zone of ['exact.test', 'upper.test', 'exact.half.test'])
      assert.deepEqual(await look(zone), { nameServers: WANTED, outcome: 'exact' }, zone);
    assert.equal((await look('exact.test', WANTED.toReversed())).outcome, 'exact');
  });

  it('is another one where some are missing, where there are more, and where there is none', async () => {
    for (const zone of ['one.test', 'more.test', 'other.test', 'nobody.test', 'below.nobody.test'])
      assert.equal((await look(zone)).outcome, 'other', zone);
    assert.deepEqual((await look('other.test')).nameServers, ['ns1.old.test', 'ns2.old.test']);
    assert.deepEqual((await look('nobody.test')).nameServers, []);
  });

  it('hears no server of our own, whatever it is called: it would prove what it only repeats', async () => {
    const ownBind = { name: 'a.nic.test', addresses: [] };
    const ownKnot = { name: 'elsewhere.test', addresses: [KNOT] };
    assert.equal((await look('split.test', WANTED, [ownKnot])).outcome, 'exact');
    assert.equal((await look('split.test', WANTED, [ownBind])).outcome, 'other');
    const { nameServers, outcome } = await look('exact.test', WANTED, [ownBind, ownKnot]);
    assert.deepEqual([nameServers, outcome], [[], 'unknown']);
  });

  it('cannot be told where servers do not agree, where none answers, and where nothing is wanted', async () => {
    assert.equal((await look('split.test')).outcome, 'unknown');
    assert.equal((await look('exact.test', [])).outcome, 'unknown');
    const nobody = createDelegationLook({
      roots: ['127.0.73.9'],
      port,
      allow: [],
      ipv6: false,
      clock: new VirtualClock(),
      own: [],
    });
    const { outcome } = await nobody('exact.test', WANTED, new AbortController().signal);
    assert.equal(outcome, 'unknown');
  });
});
