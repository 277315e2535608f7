import assert from 'node:assert/strict';
import { it } from 'node:test';
import { methodOf } from './method-of.ts';

it('a CA is asked by the method of the pack, and by no other in its stead', () => {
  assert.equal(methodOf({ validationMethod: 'txt' }), 'txt');
  assert.equal(methodOf({ validationMethod: 'http' }), 'http');
  assert.equal(methodOf({ validationMethod: 'email' }), 'email');
  assert.throws(() => methodOf({ validationMethod: undefined }), { fault: 'method_not_offered' });
});
