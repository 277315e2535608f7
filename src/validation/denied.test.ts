/** Servers that answer NXDOMAIN for a name that has others below it, which keeps strict resolvers from these. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { AUTHORITATIVE_ANSWER } from 'dns-packet';
import { NAME, NS1, NS2, OTHER, VALUE, withTxt } from '../../test/support/dns/shop.ts';
import { authoritative, type Line, type Scripted } from '../../test/support/dns/small-dns.ts';
import { BODY, HOST, leads, startWeb, WEB, type Web } from '../../test/support/dns/web.ts';

let web: Web;
before(async () => {
  web = await startWeb();
});
after(() => web.close());
beforeEach(() => web.reset());

const NXDOMAIN = 3;

/** A server of zones that denies every name that has no records of its own. */
function denying(zones: Readonly<Record<string, readonly Line[]>>): Scripted {
  const right = authoritative(zones);
  const owners = new Set([
    ...Object.keys(zones),
    ...Object.values(zones).flatMap((lines) => lines.map(([owner]) => owner)),
  ]);
  return (question, via, query) => {
    const said = right(question, via, query);
    if (owners.has(question.name) || said === undefined || Buffer.isBuffer(said)) return said;
    return said.answers?.length || !said.authorities?.some(({ type }) => type === 'SOA')
      ? said
      : { ...said, flags: AUTHORITATIVE_ANSWER | NXDOMAIN };
  };
}

const everyNs = async (scripted: Scripted) => {
  await web.shop.world.set(NS1, scripted);
  await web.shop.world.set(NS2, scripted);
};

test('a denied parent of a record that is there is named, with the servers and a step that helps', async () => {
  await everyNs(denying({ 'shop.test': withTxt }));
  const { isVisible, problem } = await web.shop.look();
  assert.equal(isVisible, true, 'resolvers that are not strict get to it');
  assert.equal(
    problem,
    `ns1.shop.test (${NS1}), ns2.shop.test (${NS2}) answer NXDOMAIN for www.shop.test, as if nothing were below it, ` +
      `while ${NAME} is there: a resolver that goes by that (RFC 8020), such as a CA’s, never gets to it; ` +
      'create any record at www.shop.test, e.g. a TXT, or have the name server repaired',
  );
});

test('the highest of several denied names is named, as that is where a resolver stops', async () => {
  const name = '_acme-challenge.a.b.c.shop.test';
  await everyNs(
    denying({
      'shop.test': [
        [NAME, 'CNAME', name],
        [name, 'TXT', VALUE],
        ['www.shop.test', 'TXT', 'x'],
      ],
    }),
  );
  const { problem } = await web.shop.look();
  assert.match(
    problem ?? '',
    /answer NXDOMAIN for c\.shop\.test, .* while _acme-challenge\.a\.b\.c\.shop\.test is there/,
  );
});

test('a denied name above a delegation is named', async () => {
  const cut = `_acme-challenge.www.shop.test`;
  const lines: Line[] = [
    [cut, 'NS', 'ns.host.net'],
    ['a.shop.test', 'TXT', 'x'],
  ];
  await everyNs(denying({ 'shop.test': lines }));
  await web.shop.world.set(NS1, denying({ 'shop.test': lines, 'host.net': [['ns.host.net', 'A', OTHER]] }));
  await web.shop.world.set(OTHER, authoritative({ [cut]: withTxt }));
  const { isVisible, problem } = await web.shop.look();
  assert.equal(isVisible, true);
  assert.match(
    problem ?? '',
    /answer NXDOMAIN for www\.shop\.test, .* while _acme-challenge\.www\.shop\.test is there/,
  );
});

test('it is told beside what keeps the record from being seen', async () => {
  await everyNs(denying({ 'shop.test': [[NAME, 'TXT', 'stale']] }));
  const { isVisible, problem } = await web.shop.look();
  assert.equal(isVisible, false);
  assert.match(
    problem ?? '',
    /has other values at .*; also, ns1\.shop\.test .* answer NXDOMAIN for www\.shop\.test/,
  );
});

test('one server of several is named alone', async () => {
  await web.shop.everyNs(withTxt);
  await web.shop.world.set(NS2, denying({ 'shop.test': withTxt }));
  const { problem } = await web.shop.look();
  assert.match(problem ?? '', /^ns2\.shop\.test \(127\.0\.70\.5\) answers NXDOMAIN for www\.shop\.test/);
});

const INNOCENT: readonly (readonly [what: string, arrange: () => Promise<void>])[] = [
  [
    'a parent with a record',
    () => everyNs(denying({ 'shop.test': [...withTxt, ['www.shop.test', 'TXT', 'any']] })),
  ],
  [
    'a parent whose CNAME leads to nothing',
    async () => {
      const zone = authoritative({ 'shop.test': [...withTxt, ['www.shop.test', 'CNAME', 'gone.shop.test']] });
      await everyNs((question, via, query) => {
        const said = zone(question, via, query);
        if (said === undefined || Buffer.isBuffer(said) || question.name !== 'www.shop.test') return said;
        return { ...said, flags: AUTHORITATIVE_ANSWER | NXDOMAIN };
      });
    },
  ],
  ['an empty non-terminal that is not denied', () => web.shop.everyNs(withTxt)],
];
for (const [what, arrange] of INNOCENT) {
  test(`${what} is no problem`, async () => {
    await arrange();
    assert.deepEqual((({ isVisible, problem }) => ({ isVisible, problem }))(await web.shop.look()), {
      isVisible: true,
      problem: undefined,
    });
  });
}

test('a server that has nothing yet is behind, and denies nothing', async () => {
  await web.shop.everyNs(withTxt);
  await web.shop.world.set(NS2, authoritative({ 'shop.test': [] }));
  const { problem } = await web.shop.look();
  assert.match(problem ?? '', /but not yet at ns2/);
  assert.doesNotMatch(problem ?? '', /NXDOMAIN/);
});

test('a file that is seen at a host with a denied parent, or by way of one, is told so too', async () => {
  web.sites.set(WEB, (_, response) => response.end(BODY));
  await everyNs(denying({ 'shop.test': [[HOST, 'CNAME', 'a.b.shop.test'], ...leads('a.b.shop.test', WEB)] }));
  const { isVisible, problem } = await web.look();
  assert.equal(isVisible, true);
  assert.match(problem ?? '', /answer NXDOMAIN for b\.shop\.test, .* while a\.b\.shop\.test is there/);
});
