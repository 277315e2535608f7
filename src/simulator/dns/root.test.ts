import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { rows, TestDns } from '../../../test/support/simulator/dns.ts';
import { DNS_ADDRESSES } from '../simulator.ts';
import { RCODE, rcodeOf, soa } from './message.ts';

const dns = await TestDns.start({ after });
const { root: ROOT } = DNS_ADDRESSES;

it('the root refers names to the customers’ servers at their registrable domain, without authority', async () => {
  const reply = await dns.look(ROOT, 'a.b.shop.co.uk', 'A');
  assert.equal(reply.flag_aa, false);
  assert.equal(reply.flag_ra, false);
  assert.deepEqual(rows(reply.answers), []);
  assert.deepEqual(rows(reply.authorities), [
    'shop.co.uk NS ns1.customers.test',
    'shop.co.uk NS ns2.customers.test',
  ]);
  assert.deepEqual(rows(reply.additionals), [
    'ns1.customers.test A 127.0.0.4',
    'ns2.customers.test A 127.0.0.5',
  ]);
});

it('the root refers to our name servers the zone for which they answer, also below a customer’s', async (t) => {
  await dns.givenOurServer(t, 'dcv.certpacks.test', () => ({
    rcode: RCODE.NXDOMAIN,
    isAuthoritative: true,
    authorities: [soa('dcv.certpacks.test', 1)],
  }));
  const ours = await dns.look(ROOT, 'x.dcv.certpacks.test', 'TXT');
  assert.deepEqual(rows(ours.authorities), ['dcv.certpacks.test NS ns1.certpacks.test']);
  assert.deepEqual(rows(ours.additionals), ['ns1.certpacks.test A 127.0.0.3']);
  const theirs = await dns.look(ROOT, 'www.certpacks.test', 'A');
  assert.match(rows(theirs.authorities)[0] ?? '', /^certpacks\.test NS ns1\.customers\.test/);
});

it('the root answers for the servers’ own names and for public suffixes', async () => {
  assert.deepEqual(rows((await dns.look(ROOT, 'ns1.certpacks.test', 'A')).answers), [
    'ns1.certpacks.test A 127.0.0.3',
  ]);
  const suffix = await dns.look(ROOT, 'co.uk', 'A');
  assert.deepEqual(
    [suffix.flag_aa, rcodeOf(suffix), rows(suffix.authorities)],
    [true, RCODE.NOERROR, ['. SOA start']],
  );
});
