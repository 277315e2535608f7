import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { keyPurpose } from '../../src/key/purpose.ts';
import { listKeyPairs } from '../../src/store/certificates.ts';
import type { TestDesk } from './desk.ts';

/** Fails unless every stored certificate of the pack opens with the key that is sealed beside it. */
export async function assertPairs(desk: TestDesk, id: string): Promise<void> {
  const pairs = await listKeyPairs(desk.pool, id);
  assert.deepEqual(
    pairs.map(({ algorithm }) => algorithm),
    ['ecdsa', 'rsa'],
  );
  for (const { algorithm, chain, sealedKey } of pairs) {
    const key = createPrivateKey(desk.seal.open(sealedKey, keyPurpose(id, algorithm)));
    assert(new X509Certificate(chain).checkPrivateKey(key));
  }
}
