import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { after, between, days, hours } from '../kit/time.ts';
import { paceOf, planBehind, planFor } from './move-in.ts';

const NOW = new Date('2026-11-01T00:00:00Z');
const chance = fc.double({ min: 0, max: 1, noNaN: true });

test('a managed pack is ordered while what it replaces has a third of its time left or a month, and not in the first week of 42 days', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: days(400) }), chance, (left, at) => {
      const { plannedFor, wantedBy } = planFor(after(NOW, left), NOW, at);
      assert(plannedFor >= NOW && plannedFor <= wantedBy);
      assert(between(wantedBy, after(NOW, left)) >= Math.min(days(30), left / 3) - 1);
      if (left >= days(42)) assert(between(NOW, plannedFor) >= days(7) - 1);
    }),
  );
});

test('one that has ended is planned for at once', () => {
  assert.deepEqual(planFor(after(NOW, -days(1)), NOW, 0.7), { plannedFor: NOW, wantedBy: NOW });
});

test('no hour has more orders than may be, and names alone stand in a row', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), chance, (perHour, at) => {
      const pace = paceOf(perHour, 2, at);
      assert((hours(1) / pace) * 2 < perHour);
    }),
  );
  const { plannedFor } = planBehind(after(NOW, 100), NOW, 60);
  assert.equal(between(NOW, plannedFor), 160);
  assert.deepEqual(planBehind(after(NOW, -100), NOW, 60).plannedFor, NOW);
});
