import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codingFor } from './encoding.ts';

const CASES: Readonly<Record<string, string | undefined>> = {
  gzip: 'gzip',
  'gzip, deflate, br': 'br',
  'GZIP;q=0.5': 'gzip',
  'br;q=0, gzip;q=1': 'gzip',
  'br;q=0, *': 'gzip',
  '*': 'br',
  '*;q=0': undefined,
  identity: undefined,
  deflate: undefined,
  'gzip;q=nonsense': undefined,
  '': undefined,
};

describe('a content coding', () => {
  for (const [accept, coding] of Object.entries(CASES))
    it(`for "${accept}" is ${coding ?? 'none'}`, () => assert.equal(codingFor(accept), coding));
  it('is none without the header', () => assert.equal(codingFor(undefined), undefined));
});
