import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { subscriberMessage } from './subscriber-message.ts';

it('leaves a message alone that names a host and says the next step', () => {
  const message = 'no server shows TXT _acme-challenge.shop.test; create it';
  assert.equal(subscriberMessage(['*.shop.test', 'other.test'], message), message);
  assert.equal(
    subscriberMessage(['münchen.test'], 'no xn--mnchen-3ya.test; create it'),
    'no xn--mnchen-3ya.test; create it',
  );
});

it('names the host and the next step where a message lacks them', () => {
  assert.equal(
    subscriberMessage(['shop.test'], 'edge a is down'),
    'shop.test: edge a is down; it is tried again',
  );
  assert.equal(
    subscriberMessage(['a.test', 'b.test'], 'edge a is down; mend it'),
    'a.test and 1 more: edge a is down; mend it',
  );
});

it('changes what it made no more', () => {
  const label = fc.stringMatching(/^[a-z]{1,8}$/);
  const hosts = fc.array(
    label.map((name) => `${name}.test`),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(hosts, fc.string({ maxLength: 60 }), (some, message) => {
      const once = subscriberMessage(some, message);
      assert.ok(some.some((host) => once.includes(host)) && once.includes(';') && once.includes(message));
      assert.equal(subscriberMessage(some, once), once);
    }),
  );
});
