/** Looks at where names lead, for all routes that tell of them: few at a time, and each good for a minute. */
import { Fault } from '../../kit/fault.ts';
import type { HostAsked, HostLook, LookAtHost } from '../../pack/host-look.ts';

/** Looks at a time, of one process and of one account in it: each asks servers of others, which may let it wait. */
const [MOST_AT_ONCE, MOST_OF_ACCOUNT] = [8, 3];
/** Longest that one look takes, and how long it is told again, in milliseconds of real time. */
const [LIMIT_MS, KEPT_MS] = [20_000, 60_000];
/** Looks that are kept. */
const MOST_KEPT = 1_000;

interface Kept {
  readonly look: Promise<HostLook>;
  readonly at: number;
}

/** Makes looks, or tells again what one saw a moment ago. */
export class HostLooks {
  readonly #lookAtHost: LookAtHost | undefined;
  readonly #underWay: string[] = [];
  readonly #kept = new Map<string, Kept>();

  constructor(lookAtHost: LookAtHost | undefined) {
    this.#lookAtHost = lookAtHost;
  }

  /** One look, made now. Throws `too_many_requests`. */
  async look(accountId: string, asked: HostAsked): Promise<HostLook> {
    const ofAccount = this.#underWay.filter((one) => one === accountId).length;
    if (!this.#lookAtHost || this.#underWay.length >= MOST_AT_ONCE || ofAccount >= MOST_OF_ACCOUNT)
      throw new Fault('too_many_requests', 'too many looks are under way here; ask again in some seconds');
    this.#underWay.push(accountId);
    try {
      return await this.#lookAtHost(asked, AbortSignal.timeout(LIMIT_MS));
    } finally {
      this.#underWay.splice(this.#underWay.indexOf(accountId), 1);
    }
  }

  /** What was seen within the last minute, else a look made now. Throws `too_many_requests`. */
  seen(accountId: string, asked: HostAsked): Promise<HostLook> {
    const key = `${accountId} ${asked.isInsideAsked} ${asked.name}`;
    const kept = this.#kept.get(key);
    if (kept && performance.now() - kept.at < KEPT_MS) return kept.look;
    const look = this.look(accountId, asked);
    this.#kept.delete(key);
    this.#kept.set(key, { look, at: performance.now() });
    look.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return look;
  }
}
