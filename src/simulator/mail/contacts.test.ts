import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Answer } from 'dns-packet';
import { RCODE } from '../dns/message.ts';
import { contactsOf, isAddress } from './contacts.ts';

/** DNS that has CAA records at some names. */
const dns = (sets: Readonly<Record<string, readonly (readonly [tag: string, value: string])[]>>) => ({
  asked: [] as string[],
  async resolve(name: string) {
    this.asked.push(name);
    const answers = (sets[name] ?? []).map(
      ([tag, value]): Answer =>
        // The library's types know three tags.
        Object.assign(
          { type: 'CAA' as const, name, data: { flags: 0, tag: 'issue' as const, value } },
          {
            data: { flags: 0, tag, value },
          },
        ),
    );
    return { rcode: name.startsWith('broken') ? RCODE.SERVFAIL : RCODE.NOERROR, answers };
  },
});

it('contacts are those of the nearest name with CAA records, whatever these say, and none above it', async () => {
  const world = dns({
    'a.shop.test': [['issue', 'ca.test']],
    'shop.test': [
      ['CONTACTEMAIL', 'dns@shop.test'],
      ['contactphone', '+1'],
    ],
  });
  assert.deepEqual(await contactsOf(world, 'b.shop.test'), ['dns@shop.test']);
  assert.deepEqual(await contactsOf(world, 'x.a.shop.test'), []);
  assert.deepEqual(await contactsOf(world, 'other.co.uk'), []);
  assert.ok(
    !world.asked.includes('co.uk') && !world.asked.includes('test'),
    'a public suffix is nobody\u2019s',
  );
  assert.deepEqual(await contactsOf(world, 'broken.shop.test'), []);
});

it('five addresses are written to at most', async () => {
  const many = Array.from({ length: 9 }, (_, i) => ['contactemail', `n${i}@shop.test`] as const);
  assert.equal((await contactsOf(dns({ 'shop.test': many }), 'shop.test')).length, 5);
});

it('an address is one, in ASCII, with nothing around it', () => {
  for (const good of ['a@b.test', "o'neil+x=y@b.c.test", 'A.b@xn--grn-hoa.test'])
    assert.ok(isAddress(good), good);
  const bad = [
    '',
    'a',
    '@b.test',
    'a@',
    'a@b',
    ' a@b.test',
    'a@b.test ',
    'a@b.test\n',
    'a@b.test\r\nBcc: c@d.test',
  ];
  const worse = [
    'a@b@c.test',
    'a,b@c.test',
    '<a@b.test>',
    '"a b"@c.test',
    'a..b@c.test',
    '.a@c.test',
    'a@[127.0.0.1]',
  ];
  const long = [`${'a'.repeat(65)}@b.test`, `a@${'b.'.repeat(126)}test`, 'gr\u00fcn@b.test', 'a@-b.test'];
  for (const one of [...bad, ...worse, ...long]) assert.ok(!isAddress(one), JSON.stringify(one));
});
