import { after } from '../../kit/time.ts';
import { PROOF_LIFE } from './authorizations.ts';
import type { CaContext } from './context.ts';
import type { Authorization } from './ledger.ts';
import type { ProblemDocument } from './problems.ts';

/** The authorization after its challenge came out: valid, or invalid for the reason given. */
export function settled(
  ca: CaContext,
  asked: Authorization,
  error: ProblemDocument | undefined,
): Authorization {
  const now = ca.clock.now();
  const isPending = asked.status === 'pending';
  if (error) {
    const challenge = { ...asked.challenge, status: 'invalid', error } as const;
    return { ...asked, challenge, status: isPending ? 'invalid' : asked.status };
  }
  const challenge = { ...asked.challenge, status: 'valid', validated: now.toISOString() } as const;
  if (!isPending) return { ...asked, challenge };
  return { ...asked, challenge, status: 'valid', expires: after(now, PROOF_LIFE).toISOString() };
}
