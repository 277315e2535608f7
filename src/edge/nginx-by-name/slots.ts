import { setTimeout as sleep } from 'node:timers/promises';
import { SLOTS, type Slot } from './name-paths.ts';

/** How late a worker of nginx may be with its clock, which it reads once for all that is ready at a time. */
const LATE_MS = 300;
/** When in a second to begin nothing more: the other slot's comes. */
const LAST_MS = 850;

/** Resolves at a time in which no handshake reads the links of a slot, at once where it is now. */
export async function untilUnread(slot: Slot): Promise<void> {
  for (;;) {
    // The machine's clock, because nginx's is that.
    const now = Date.now();
    const isOwn = SLOTS[Math.floor(now / 1_000) % 2] === slot;
    const ms = now % 1_000;
    if (!isOwn && ms >= LATE_MS && ms <= LAST_MS) return;
    const isBefore = !isOwn && ms < LATE_MS;
    const next = isBefore ? LATE_MS : LATE_MS + (isOwn ? 1_000 : 2_000);
    await sleep(next - ms);
  }
}
