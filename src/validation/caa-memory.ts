import { LRUCache } from 'lru-cache';
import type { Clock } from '../kit/clock.ts';
import { after, minutes } from '../kit/time.ts';
import type { PrecheckCaa } from './validation.ts';

/** How long a yes is good. A CA itself may go by what it saw for 8 hours (BR 3.2.2.8). */
const LIFE = minutes(1);

/**
 * Remembers for a minute that nothing forbids a CA to issue, for the same hosts and account: the RSA certificate is ordered
 * right after the ECDSA one. What forbids, or could not be told, is looked at anew each time.
 */
export function remembering(look: PrecheckCaa, clock: Clock): PrecheckCaa {
  const allowed = new LRUCache<string, Date>({ max: 2_000 });
  return async (question, signal) => {
    const { hosts, identities, accountUri, method } = question;
    const key = JSON.stringify([hosts.toSorted(), identities, accountUri, method]);
    const until = allowed.get(key);
    if (until && until > clock.now()) return { doubts: [] };
    const seen = await look(question, signal);
    if (seen.refusal === undefined && seen.doubts.length === 0) allowed.set(key, after(clock.now(), LIFE));
    else allowed.delete(key);
    return seen;
  };
}
