import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowed, networkOf } from './address.ts';

test('only public unicast addresses are allowed by themselves', () => {
  for (const address of ['8.8.8.8', '2606:4700::1111']) assert.equal(isAllowed(address, []), true, address);
  const barred = `
    127.0.0.1 10.1.2.3 172.16.0.1 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255
    192.0.2.1 198.18.0.1 ::1 ::127.0.0.1 ::808:808 :: fe80::1 fd00::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 2001:db8::1
    64:ff9b::7f00:1 2002:7f00:1::`;
  for (const address of barred.trim().split(/\s+/)) assert.equal(isAllowed(address, []), false, address);
});

test('what is no plain address is never allowed', () => {
  for (const text of [
    '',
    'localhost',
    '2130706433',
    '0x7f.1',
    '127.1',
    '8.8.8.8.',
    '999.1.1.1',
    'fe80::1%lo',
    'undefined.undefined.1.1',
  ]) {
    assert.equal(isAllowed(text, ['0.0.0.0/0', '::/0']), false, text);
  }
});

test('a range of the list opens itself and nothing beside it', () => {
  const allow = ['127.0.0.0/8', 'fd00::/8', 'nonsense'];
  assert.equal(isAllowed('127.9.9.9', allow), true);
  assert.equal(isAllowed('::ffff:127.0.0.1', allow), true);
  assert.equal(isAllowed('fd12::1', allow), true);
  assert.equal(isAllowed('10.0.0.1', allow), false);
  assert.equal(isAllowed('::1', allow), false);
});

test('addresses are counted by /24 and /56', () => {
  assert.equal(networkOf('192.0.2.1'), networkOf('192.0.2.254'));
  assert.equal(networkOf('::ffff:192.0.2.1'), networkOf('192.0.2.254'));
  assert.equal(networkOf('fe80::1%eth0'), networkOf('fe80::2'));
  assert.notEqual(networkOf('192.0.2.1'), networkOf('192.0.3.1'));
  assert.equal(networkOf('2001:db8:1:2ff::1'), networkOf('2001:db8:1:200::'));
  assert.notEqual(networkOf('2001:db8:1:2ff::1'), networkOf('2001:db8:1:300::'));
});
