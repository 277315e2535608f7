/** Whether an edge counts: one that nobody reached for long is waited for by nobody until it has shown everything again. */
import { after, between, type Seconds } from '../kit/time.ts';
import type { Words } from './standing.ts';
import { minuteOf } from './standing.ts';

/** Since when an edge does not answer, is away, and answers again; undefined: it is not so. */
export interface Presence {
  readonly unreachableSince: Date | undefined;
  readonly awaySince: Date | undefined;
  readonly backSince: Date | undefined;
}

/** An edge that answered at its last look, and counts. */
const PRESENT: Presence = { unreachableSince: undefined, awaySince: undefined, backSince: undefined };

/** An agent that was not heard of for so long is not connected. */
export const AGENT_SILENCE: Seconds = 30;

/** Whether an agent was heard of late, by a clock: who reads again and again goes by its own watch (`LiveEdges`). */
export const isRecentlyHeard = (seenOn: Date | undefined, now: Date): boolean =>
  // Also where a clock was put back since.
  seenOn !== undefined && Math.abs(between(seenOn, now)) < AGENT_SILENCE;

/** Why an agent brings nothing that is new to its edge, in words; undefined: it does, or there is none. */
export function troubleOf(
  agent: { readonly isHeard: boolean; readonly problem?: string | undefined } | undefined,
): string | undefined {
  if (!agent) return undefined;
  return agent.isHeard ? agent.problem : 'its agent is not connected; start it, and see what it logs';
}

/** What a look at an edge came to. */
export interface EdgeSeen {
  readonly answers: boolean;
  /** Whether it has shown, since it answers again, all that it is to show. */
  readonly isProved: boolean;
  readonly now: Date;
  /** How long nobody has to reach an edge until it is away. */
  readonly awayAfter: Seconds;
}

/** How an edge stands after a look. */
export function presenceAfter(was: Presence, { answers, isProved, now, awayAfter }: EdgeSeen): Presence {
  if (!answers) {
    const unreachableSince = was.unreachableSince ?? now;
    const isLong = after(unreachableSince, awayAfter) <= now;
    return { unreachableSince, awaySince: was.awaySince ?? (isLong ? now : undefined), backSince: undefined };
  }
  if (!was.awaySince || (was.backSince && isProved)) return PRESENT;
  return { unreachableSince: undefined, awaySince: was.awaySince, backSince: was.backSince ?? now };
}

/** What is said of an edge that is away: to whoever asks what it shows, and where nothing else is there. */
export const awayWords = (edge: string, { unreachableSince, awaySince }: Presence): Words => ({
  what: `edge ${edge} is away since ${minuteOf(awaySince ?? unreachableSince ?? new Date(0))}${unreachableSince ? '' : ' and answers again'}`,
  next: unreachableSince
    ? 'nothing waits for it; it counts again once it answers and has shown all its certificates'
    : 'it counts again once it has shown all its certificates',
});
