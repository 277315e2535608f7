import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsOf } from '../pack/hostname-tls.ts';
import { SHAPES } from './agent/protocol.ts';

test('whatever a hostname lists, edges take the packs of others that are told with its own', () => {
  const ciphers = Array.from({ length: 1_000 }, () => ['AES128-SHA', 'AES256-SHA']).flat();
  const tls = tlsOf({ ciphers });
  assert.deepEqual(tls, { ciphers: ['AES128-SHA', 'AES256-SHA'] });
  const packId = '00000000-0000-4000-8000-000000000000';
  const pack = { packId, digest: '0'.repeat(32), certificates: {}, tls };
  assert.ok(SHAPES.line.Check({ names: [], gone: [], packs: [pack] }));
});
