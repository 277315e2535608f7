import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyPool } from './key-pool.ts';

it('gives a new key each time: P-256 at once, RSA-2048 also when more are taken than are ready', async (t) => {
  const pool = new KeyPool({ size: 1, atOnce: 2 });
  t.after(() => pool.close());
  const ecdsa = await pool.take('ecdsa');
  assert.equal(ecdsa.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  const keys = await Promise.all([pool.take('rsa'), pool.take('rsa'), pool.take('rsa')]);
  for (const key of keys) assert.equal(key.asymmetricKeyDetails?.modulusLength, 2048);
  assert.equal(new Set(keys.map((key) => key.export({ type: 'pkcs8', format: 'pem' }))).size, 3);
});

it('fills itself again, off the event loop', async (t) => {
  const pool = new KeyPool({ size: 1, atOnce: 1 });
  t.after(() => pool.close());
  await pool.take('rsa');
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  await pool.take('rsa');
  clearInterval(timer);
  assert.ok(ticks > 3, 'the event loop stood still');
});

it('makes a key when asked also where none is kept ready', async (t) => {
  const pool = new KeyPool({ size: 0, atOnce: 1 });
  t.after(() => pool.close());
  assert.equal((await pool.take('rsa')).asymmetricKeyType, 'rsa');
});

it('rejects whoever waits when it is closed, and whoever comes after', async () => {
  const pool = new KeyPool({ size: 0, atOnce: 1 });
  const waiting = pool.take('rsa');
  pool.close();
  await assert.rejects(waiting, { name: 'Fault' });
  await assert.rejects(pool.take('rsa'), { name: 'Fault' });
  await sleep(0);
});

it('tells how many keys are ready', { timeout: 60_000 }, async (t) => {
  const pool = new KeyPool({ size: 2, atOnce: 1 });
  t.after(() => pool.close());
  assert.equal(pool.ready, 0);
  while (pool.ready < 2) await sleep(10);
  await pool.take('rsa');
  assert.equal(pool.ready, 1);
});
