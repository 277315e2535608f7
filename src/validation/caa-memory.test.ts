import assert from 'node:assert/strict';
import { it } from 'node:test';
import { VirtualClock } from '../kit/clock.ts';
import { remembering } from './caa-memory.ts';
import type { CaaCheck, CaaQuestion } from './validation.ts';

const QUESTION: CaaQuestion = {
  hosts: ['a.example', 'b.example'],
  identities: ['ca.test'],
  accountUri: 'https://ca.test/account/1',
  method: 'dns-01',
};

/** A look that counts, and says what `seen` is. */
function given(seen: CaaCheck) {
  const clock = new VirtualClock();
  const state = { seen, looks: 0 };
  const look = remembering(async () => {
    state.looks += 1;
    return state.seen;
  }, clock);
  const ask = (change: Partial<CaaQuestion> = {}) =>
    look({ ...QUESTION, ...change }, new AbortController().signal);
  return { state, clock, ask };
}

it('looks once a minute at what lets a CA issue', async () => {
  const { state, clock, ask } = given({ doubts: [] });
  await ask();
  await ask({ hosts: ['b.example', 'a.example'] });
  clock.advance(59);
  assert.deepEqual(await ask(), { doubts: [] });
  assert.equal(state.looks, 1);
  clock.advance(2);
  state.seen = { refusal: 'a.example forbids it', doubts: [] };
  assert.equal((await ask()).refusal, 'a.example forbids it');
});

const OTHERS: readonly Partial<CaaQuestion>[] = [
  { hosts: ['a.example'] },
  { identities: ['other.test'] },
  { accountUri: 'https://ca.test/account/2' },
  { method: 'http-01' },
];
for (const other of OTHERS) {
  it(`looks again for another question: ${Object.keys(other).join()}`, async () => {
    const { state, ask } = given({ doubts: [] });
    await ask();
    await ask(other);
    assert.equal(state.looks, 2);
  });
}

const UNKEPT: readonly CaaCheck[] = [{ refusal: 'no', doubts: [] }, { doubts: ['a server is silent'] }];
for (const seen of UNKEPT) {
  it(`looks again each time after ${JSON.stringify(seen)}`, async () => {
    const { state, ask } = given(seen);
    assert.deepEqual(await ask(), seen);
    assert.deepEqual(await ask(), seen);
    assert.equal(state.looks, 2);
  });
}
