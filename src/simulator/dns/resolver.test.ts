import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { rows, TestDns } from '../../../test/support/simulator/dns.ts';
import { DNS_ADDRESSES } from '../simulator.ts';
import { RCODE, rcodeOf, soa } from './message.ts';

const dns = await TestDns.start({ after });
const { resolver: RESOLVER } = DNS_ADDRESSES;

it('the resolver follows an alias from a customer’s zone into ours, afresh each time', async (t) => {
  let value = 'first';
  await dns.givenOurServer(t, 'dcv.certpacks.test', (query) =>
    query.type === 'TXT'
      ? {
          rcode: RCODE.NOERROR,
          isAuthoritative: true,
          answers: [{ name: query.name, type: 'TXT', data: value }],
        }
      : { rcode: RCODE.NOERROR, isAuthoritative: true, authorities: [soa('dcv.certpacks.test', 1)] },
  );
  await dns.put('_acme-challenge.crossing.test', 'CNAME', 'crossing.dcv.certpacks.test');
  for (value of ['first', 'second']) {
    const reply = await dns.look(RESOLVER, '_acme-challenge.crossing.test', 'TXT');
    assert.deepEqual(rows(reply.answers), [
      '_acme-challenge.crossing.test CNAME crossing.dcv.certpacks.test',
      `crossing.dcv.certpacks.test TXT ${value}`,
    ]);
    assert.deepEqual([reply.flag_ra, reply.flag_aa], [true, false]);
  }
});

it('the resolver follows an alias from our zone into a customer’s, and round in ours it fails', async (t) => {
  const zone = 'from.ours.test';
  const targets = new Map([
    [`out.${zone}`, 'host.outside.test'],
    [`a.${zone}`, `b.${zone}`],
    [`b.${zone}`, `a.${zone}`],
  ]);
  await dns.givenOurServer(t, zone, ({ name }) => {
    const target = targets.get(name);
    const found = { rcode: RCODE.NOERROR, isAuthoritative: true };
    return target === undefined
      ? { ...found, authorities: [soa(zone, 1)] }
      : { ...found, answers: [{ name, type: 'CNAME', data: target }] };
  });
  await dns.put('host.outside.test', 'A', '127.0.0.9');
  assert.deepEqual(rows((await dns.look(RESOLVER, `out.${zone}`, 'A')).answers), [
    `out.${zone} CNAME host.outside.test`,
    'host.outside.test A 127.0.0.9',
  ]);
  assert.equal(rcodeOf(await dns.look(RESOLVER, `a.${zone}`, 'A')), RCODE.SERVFAIL);
});

it('the resolver follows a delegation without glue', async (t) => {
  await dns.givenOurServer(t, 'handed.over.test', (query) => ({
    rcode: RCODE.NOERROR,
    isAuthoritative: query.type !== 'SOA',
    answers: [{ name: query.name, type: 'TXT', data: 'found' }],
  }));
  await dns.put('handed.over.test', 'NS', 'ns1.certpacks.test');
  const reply = await dns.look(RESOLVER, 'x.handed.over.test', 'TXT');
  assert.deepEqual(rows(reply.answers), ['x.handed.over.test TXT found']);
});

it('the resolver says what is not, and fails where nobody answers, where records go round, or lead off this machine', async () => {
  await dns.put('a.round.test', 'CNAME', 'b.round-too.test');
  await dns.put('b.round-too.test', 'CNAME', 'a.round.test');
  await dns.put('lame.zone.test', 'NS', 'ns1.certpacks.test');
  await dns.put('off.zone.test', 'NS', 'ns.off.zone.test');
  await dns.put('ns.off.zone.test', 'A', '192.0.2.1');
  assert.equal(rcodeOf(await dns.look(RESOLVER, 'not.there.test', 'A')), RCODE.NXDOMAIN);
  assert.deepEqual(rows((await dns.look(RESOLVER, 'there.test', 'A')).authorities), ['there.test SOA start']);
  for (const name of ['a.round.test', 'x.lame.zone.test', 'x.off.zone.test']) {
    assert.equal(rcodeOf(await dns.look(RESOLVER, name, 'A')), RCODE.SERVFAIL, name);
  }
});

it('the resolver goes on to the next server when one does not answer', async (t) => {
  await dns.givenOurServer(t, 'half.zone.test', (query) => ({
    rcode: RCODE.NOERROR,
    isAuthoritative: query.type !== 'SOA',
    answers: [{ name: query.name, type: 'TXT', data: 'found' }],
  }));
  await dns.put('dead.zone.test', 'A', '127.0.0.99');
  await dns.put('half.zone.test', 'NS', 'dead.zone.test', 'ns1.certpacks.test');
  const reply = await dns.look(RESOLVER, 'x.half.zone.test', 'TXT');
  assert.deepEqual(rows(reply.answers), ['x.half.zone.test TXT found']);
});
