import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  ALERT_TYPE_NAMES,
  ALERT_TYPES,
  alertTypeOf,
  alertTypeOfPack,
  packAlertOf,
  passes,
  zoneAlertOf,
} from './alert-types.ts';
import { PACK_STATUSES, PACK_TYPES } from './pack.ts';

for (const [event, from, to, told] of [
  ['done', 'pending_validation', 'pending_issuance', 'validation.succeeded'],
  ['late', 'pending_validation', 'validation_timed_out', 'validation.failed'],
  ['done', 'pending_issuance', 'pending_deployment', 'issuance.succeeded'],
  ['stage', 'pending_issuance', 'staging_deployment', 'issuance.succeeded'],
  ['back_up', 'pending_issuance', 'backup_issued', 'issuance.succeeded'],
  ['done', 'pending_deployment', 'active', 'deployment.succeeded'],
  ['promote', 'backup_issued', 'pending_deployment', 'failover.started'],
  ['renew', 'active', 'active', 'renewal.started'],
  ['renewed', 'active', 'active', 'renewal.succeeded'],
  ['renewed', 'pending_expiration', 'active', 'renewal.succeeded'],
  ['retire', 'active', 'pending_expiration', 'expiration.upcoming'],
  ['revoke', null, null, 'revocation.requested'],
  ['order', null, 'initializing', undefined],
  ['promote', 'staging_active', 'pending_deployment', undefined],
  ['amend', 'active', 'active', undefined],
  ['constructor', null, null, undefined],
  ['done', 'active', 'toString', undefined],
] as const)
  it(`a pack's ${event} from ${from} to ${to} tells ${told ?? 'nothing'}`, () => {
    assert.equal(packAlertOf({ event, from, to }), told);
  });

it('a pack that timed out or ended always tells of it', () => {
  for (const to of PACK_STATUSES.filter((one) => /timed_out|expired/.test(one)))
    assert(packAlertOf({ event: 'late', from: 'active', to }), to);
});

it('a zone tells of its life, and of nothing else', () => {
  assert.equal(zoneAlertOf({ event: 'move' }), 'zone.moved');
  assert.equal(zoneAlertOf({ event: 'lose_name' }), 'zone.name_lost');
  for (const event of ['universal_on', 'create', '__proto__', 'hasOwnProperty'])
    assert.equal(zoneAlertOf({ event }), undefined);
});

it('one type of alert tells of each type of pack', () => {
  for (const type of PACK_TYPES) assert(alertTypeOfPack(type), type);
  assert.equal(alertTypeOf('valueOf'), undefined);
});

it('each event is told by a type of alert that lists it', () => {
  for (const name of ALERT_TYPE_NAMES) assert(ALERT_TYPES[name].events.length > 0, name);
});

it('filters let through what each of them lets through: hosts by their names and by those above them', () => {
  const fact = {
    event: 'validation.failed',
    zoneId: 'a',
    hosts: ['www.shop.test', '*.blog.test'],
    status: 'validation_timed_out',
  } as const;
  assert(passes({}, fact));
  assert(passes({ zones: ['b', 'a'], event_type: ['validation.failed'] }, fact));
  assert(!passes({ zones: ['b'] }, fact));
  assert(!passes({ zones: ['a'], new_status: ['active'] }, fact));
  for (const name of ['shop.test', 'www.shop.test', '*.blog.test', 'test'])
    assert(passes({ target_hostname: [name] }, fact), name);
  for (const name of ['hop.test', 'w.shop.test', 'x.www.shop.test', '*.shop.test'])
    assert(!passes({ target_hostname: [name] }, fact), name);
  assert(!passes({ target_hostname: ['shop.test'] }, { event: 'zone.moved', zoneId: 'a' }));
});
