/** The stand-in's CAs go wrong to order. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenZone, orderOf, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const PATH = '/ca/lets_encrypt/faults';
const packs = () => world.client.ssl.certificatePacks;

it('what a CA is told to do wrong is told of in the pack, and the pack becomes active when it is right again', async () => {
  const rule = { fault: 'issuance', on: 'finalize', algorithm: 'rsa', problem: 'caa', detail: 'not today' };
  await world.tell('PUT', PATH, { faults: [rule] });
  const zone = await givenZone(world, 'full');
  const { id } = await packs().create(orderOf(zone));
  const told = await until(
    () => packs().get(id, { zone_id: zone.id }),
    ({ validation_errors: errors = [] }) => errors.length > 0,
  );
  assert.equal(told.status, 'pending_issuance');
  assert.match(
    told.validation_errors?.[0]?.message ?? '',
    /^lets_encrypt refused .*: not today; allow this CA/,
  );
  assert.equal(told.certificates.length, 1, 'the other one was issued');
  const { faults } = await world.tell<{ faults: object[] }>('GET', PATH);
  assert.deepEqual(faults, [{ ...rule, matched: 1, applied: 1 }]);

  assert.deepEqual(await world.tell('DELETE', PATH), { faults: [] });
  await world.tell('POST', '/clock', { advance_s: 90 });
  await reach(world, zone.id, id, { status: 'active' });
});

it('a script that is wrong is refused in a sentence', async () => {
  await assert.rejects(world.tell('PUT', PATH, { faults: [{ fault: 'sleep' }] }), {
    message: /: 400 .*rule 1 needs a fault, one of answer, /,
  });
  await assert.rejects(world.tell('PUT', '/ca/nobody/faults', { faults: [] }), { message: /: 404 / });
});
