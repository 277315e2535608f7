import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { keyPurpose } from '../../src/key/purpose.ts';
import { listKeyPairs } from '../../src/store/certificates.ts';
import { packOf, type TestJobDeps } from './job-deps.ts';

/** Fails unless every stored certificate of the pack opens with the key that is sealed beside it. */
export async function assertPairs(deps: TestJobDeps, id: string): Promise<void> {
  const pairs = await listKeyPairs(deps.pool, await packOf(deps, id));
  assert.deepEqual(
    pairs.map(({ algorithm }) => algorithm),
    ['ecdsa', 'rsa'],
  );
  for (const { algorithm, chain, sealedKey } of pairs) {
    const key = createPrivateKey(deps.seal.open(sealedKey, keyPurpose(id, algorithm)));
    assert(new X509Certificate(chain).checkPrivateKey(key));
  }
}
