import assert from 'node:assert/strict';
import { it } from 'node:test';
import { backupOffer } from './backup-offer.ts';
import { documentedRows } from './configuration.ts';

const now = new Date('2026-11-29T00:00:00Z');
const { lets_encrypt: letsEncrypt, google, ssl_com: sslCom } = documentedRows;
const ask = { names: ['a.test'], certificateAuthority: 'lets_encrypt', validityDays: 90 } as const;

it('a backup is ordered where the method of its pack is offered, and nowhere else', () => {
  const rows = new Map([
    ['lets_encrypt', { ...letsEncrypt, validatesByEmail: true }],
    ['google', google],
    ['ssl_com', { ...sslCom, validatesByEmail: true }],
  ] as const);
  const offer = (validationMethod: 'txt' | 'email', without?: 'ssl_com') => {
    const some = new Map([...rows].filter(([name]) => name !== without));
    return backupOffer({ rows: some, preferred: [] }, { ...ask, validationMethod }, now)
      ?.certificateAuthority;
  };
  assert.equal(offer('txt'), 'google');
  assert.equal(offer('email'), 'ssl_com');
  assert.equal(offer('email', 'ssl_com'), undefined);
});
