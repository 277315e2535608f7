import { type Authority, newAuthority, openAuthority } from '../edge/agent/authority.ts';
import { agentCaPurpose } from '../key/purpose.ts';
import type { Seal } from '../kit/seal.ts';
import { getAgentCa, putAgentCa } from '../store/agent-cas.ts';
import type { Pool } from '../store/store.ts';

const purpose = (fingerprint: string): string => agentCaPurpose('agents', fingerprint);

/** The CA of this installation's agents, which the first process makes that wants it. Throws `key_sealed_elsewhere`. */
export async function agentAuthority(
  { pool, seal }: { readonly pool: Pool; readonly seal: Seal },
  now: Date,
): Promise<Authority> {
  const stored = await getAgentCa(pool);
  if (!stored) {
    const { certificate, key, fingerprint } = await newAuthority(now);
    const sealedKey = seal.close(Buffer.from(key), purpose(fingerprint));
    await putAgentCa(pool, { fingerprint, certificate, sealedKey }, now);
    return agentAuthority({ pool, seal }, now);
  }
  const key = seal.open(stored.sealedKey, purpose(stored.fingerprint)).toString();
  return openAuthority({ certificate: stored.certificate, key });
}
