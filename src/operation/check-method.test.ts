import assert from 'node:assert/strict';
import { it } from 'node:test';
import { documentedRows } from '../ca/configuration.ts';
import { checkMethod } from './check-method.ts';

const now = new Date('2026-11-29T00:00:00Z');
const { lets_encrypt: plain, google } = documentedRows;
const byMail = { ...google, validatesByEmail: true };
const refused = (message: RegExp) => ({
  fault: 'method_not_offered',
  pointer: '/validation_method',
  message,
});

it('mail is taken where the CA offers it, for wildcards too; a file for none', () => {
  const names = ['a.test', '*.a.test'];
  checkMethod({ method: 'email', names, row: byMail, now });
  checkMethod({ method: 'txt', names, row: plain, now });
  assert.throws(
    () => checkMethod({ method: 'http', names, row: plain, now }),
    refused(/no CA proves \*\.a\.test over HTTP/),
  );
});

it('where the CA does not, it is refused, and the configured ones that would are named', () => {
  const ask = { method: 'email', names: ['a.test'], row: plain, now } as const;
  assert.throws(
    () => checkMethod(ask),
    refused(/^validation_method email: lets_encrypt does not validate by e-mail; order with 'txt'$/),
  );
  assert.throws(
    () => checkMethod(ask, [plain, byMail]),
    refused(/by e-mail; google would; order with 'txt'$/),
  );
});

it('a public CA validates by mail until 2028-03-14, a private one for as long as it likes', () => {
  const ask = { method: 'email', names: ['a.test'], row: byMail } as const;
  checkMethod({ ...ask, now: new Date('2028-03-14T23:59:59Z') });
  const later = new Date('2028-03-15T00:00:00Z');
  assert.throws(
    () => checkMethod({ ...ask, now: later }),
    refused(/no public CA may validate by e-mail since 2028-03-15; order with 'txt'$/),
  );
  checkMethod({ ...ask, row: { ...byMail, isPublic: false }, now: later });
});
