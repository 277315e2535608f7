import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOTS } from './name-paths.ts';
import { untilUnread } from './slots.ts';

test('links of a slot change amid seconds of the other one', async () => {
  for (const slot of SLOTS) {
    await untilUnread(slot);
    const now = Date.now();
    assert.notEqual(SLOTS[Math.floor(now / 1_000) % 2], slot);
    assert.ok(now % 1_000 >= 300 && now % 1_000 < 1_000, `${now % 1_000} ms`);
    const begun = performance.now();
    await untilUnread(slot);
    if (now % 1_000 < 700) assert.ok(performance.now() - begun < 500, 'another is changed at once');
  }
});
