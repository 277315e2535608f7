/** Whether validation is delegated, as a look at every authoritative server finds it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { NAME, NS1, NS2, OTHER, RECORD, type Shop, startShop, withTxt } from '../../test/support/dns/shop.ts';
import { authoritative, type Line, refusing } from '../../test/support/dns/small-dns.ts';
import { createTxtPrecheck } from './txt.ts';

let shop: Shop;
before(async () => {
  shop = await startShop();
});
after(() => shop.world.close());
beforeEach(() => shop.reset());

const TARGET = 'www.shop.test.0123456789abcdef.dcv.net';
const look = async (delegatedTo: string | undefined = TARGET) => {
  const wanted = { ...RECORD, ...(delegatedTo !== '' && { delegatedTo }) };
  return (await createTxtPrecheck(shop.options())(wanted, AbortSignal.timeout(20_000))).isLedToUs;
};

const DELEGATED: readonly Line[] = [[NAME, 'CNAME', TARGET]];

test('a CNAME that leads to us is seen, whether or not a value is there, and in whatever letters it is written', async () => {
  await shop.everyNs([[NAME, 'CNAME', TARGET.toUpperCase()]]);
  assert.equal(await look(), true);
  await shop.world.set(OTHER, authoritative({ 'dcv.net': [[TARGET, 'TXT', RECORD.txtValue]] }));
  assert.equal(await look(), true);
});

test('one that leads there over another name of the subscriber’s is seen too', async () => {
  await shop.everyNs([
    [NAME, 'CNAME', 'val.shop.test'],
    ['val.shop.test', 'CNAME', TARGET],
  ]);
  assert.equal(await look(), true);
});

test('a record of its own, no record, no name, and a CNAME to another zone’s target lead nowhere', async () => {
  const others: (readonly Line[])[] = [
    withTxt,
    [[NAME, 'A', '192.0.2.1']],
    [],
    [[NAME, 'CNAME', 'www.shop.test.fedcba9876543210.dcv.net']],
  ];
  for (const lines of others) {
    await shop.everyNs(lines);
    assert.equal(await look(), false, JSON.stringify(lines));
  }
});

test('servers that do not agree tell nothing, those that do not answer count for nothing', async () => {
  await shop.everyNs(DELEGATED);
  await shop.world.set(NS2, authoritative({ 'shop.test': [] }));
  assert.equal(await look(), undefined);
  await shop.world.set(NS2, refusing);
  assert.equal(await look(), true);
  await shop.world.set(NS1, refusing);
  assert.equal(await look(), undefined);
});

test('where no target is asked for nothing is told', async () => {
  await shop.everyNs(DELEGATED);
  assert.equal(await look(''), undefined);
});

const into = async (lines: readonly Line[]) => {
  await shop.everyNs(lines);
  const wanted = { ...RECORD, txtValue: '', ledInto: 'saas.net' };
  return (await createTxtPrecheck(shop.options())(wanted, AbortSignal.timeout(20_000))).isLedToUs;
};

test('a CNAME into a zone is seen, to whatever name of it and over whatever others, and to none beside it', async () => {
  assert.equal(await into([[NAME, 'CNAME', 'customers.saas.net']]), true);
  assert.equal(await into([[NAME, 'CNAME', 'SAAS.net']]), true);
  const over: readonly Line[] = [
    [NAME, 'CNAME', 'val.shop.test'],
    ['val.shop.test', 'CNAME', 'customers.saas.net'],
  ];
  assert.equal(await into(over), true);
  assert.equal(await into([[NAME, 'CNAME', 'customers.notsaas.net']]), false);
  assert.equal(await into([[NAME, 'A', '192.0.2.1']]), false);
});
