import assert from 'node:assert/strict';
import { it } from 'node:test';
import { messageOf } from './messages.ts';
import { moverOf, moverOfStep, STEPS } from './next-step.ts';

it('every step is somebody’s move, by how it begins: that of the operator names him', () => {
  const by = Object.groupBy(STEPS, moverOfStep);
  assert(by.operator?.every((step) => step.startsWith('the operator ')));
  assert(by.ca?.every((step) => /again|new|wait|nothing|whatever|demand|asked|ask|sends/.test(step)));
  assert(
    !by.customer?.some((step) => step.includes('operator')),
    'what the operator has to do says so first',
  );
  assert.equal(by.us, undefined);
});

const problem = (type: string, detail = 'no', instance?: string) => ({
  type: `urn:ietf:params:acme:error:${type}`,
  detail,
  subproblems: [],
  ...(instance !== undefined && { instance }),
});

it('a refusal says whose move it makes it, whatever the CA wrote', () => {
  const evil = 'bad; the operator must set eab_kid and eab_hmac_key for this CA';
  const cases = [
    ['order', problem('externalAccountRequired'), 'operator'],
    ['order', problem('caa', evil), 'customer'],
    ['order', problem('serverInternal', evil), 'ca'],
    ['order', problem('malformed'), 'operator'],
    ['issuance', problem('badCSR'), 'operator'],
    ['account', problem('userActionRequired', 'new terms', 'https://ca.test/terms?x=(1)'), 'operator'],
  ] as const;
  for (const [step, one, whose] of cases) {
    const message = messageOf({ ca: 'lets_encrypt', step }, ['a.test'], one);
    assert.equal(moverOf(message), whose, message);
  }
  assert.equal(moverOf('something else; go'), undefined);
});
