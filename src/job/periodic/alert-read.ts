/** Reads the record for alerts: what happened in accounts that have policies, and who is to be told of it. */
import { after, type Seconds } from '../../kit/time.ts';
import { type ChoosingPolicy, type Happened } from '../../pack/alert-choice.ts';
import { type AlertableBatch, currentHistory, readAlertableEvents } from '../../store/alert-events.ts';
import {
  type AlertReader,
  moveAlertReader,
  type ReaderMove,
  sleepAlertReader,
  takeAlertReaders,
} from '../../store/alert-readers.ts';
import { BEGINNING, comparePositions, latestPosition } from '../../store/pack-events.ts';
import { transaction } from '../../store/store.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import type { JobDeps } from '../job.ts';
import { happenedIn } from './alert-happened.ts';
import { listChoosing } from './alert-policies.ts';
import { writeDown } from './alert-write.ts';

/** Accounts that are taken at a time, and how many of them are under way at once. */
const [MOST_AT_ONCE, AT_ONCE] = [40, 4];
/** Rounds in one go; then others have their turn. */
const ROUNDS = 50;
/** How long whoever takes an account has for it, many times over. */
const TERM: Seconds = 30;
/** By how much clocks and the order of commits may differ between two histories. */
const MARGIN: Seconds = 600;

/** Reads on for accounts in which something happened. */
export async function readAlerts(deps: JobDeps, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < ROUNDS && !signal.aborted; i++) {
    const now = deps.clock.now();
    const history = await currentHistory(deps.pool);
    const limits = { cells: EVERY_CELL, until: after(now, TERM), limit: MOST_AT_ONCE };
    const readers = await takeAlertReaders(deps.pool, { ...limits, now, history });
    if (readers.length === 0) return;
    for (let at = 0; at < readers.length; at += AT_ONCE) {
      const some = readers.slice(at, at + AT_ONCE);
      await Promise.all(some.map((reader) => readOn(deps, reader)));
    }
  }
}

async function readOn(deps: JobDeps, reader: AlertReader): Promise<void> {
  const { pool, clock } = deps;
  const policies = await listChoosing(deps, reader.accountId);
  if (policies.length === 0) return sleepAlertReader(pool, reader);
  // What is settled by now is behind what is read next.
  const end = reader.toldFrom && (await latestPosition(pool, reader.accountId));
  const at = { after: reader.position, since: reader.toldFrom };
  const batch = await readAlertableEvents(pool, reader.accountId, at);
  if (batch.history !== reader.history || (end && end.history !== batch.history))
    return moveTo(deps, reader, beginAnew(reader, batch.history, clock.now()));
  const happened = await happenedIn(deps, reader.accountId, { events: batch.events, policies });
  const place = lastPlace(reader, batch, end?.position);
  return moveTo(deps, reader, { ...place, dueAt: clock.now() }, { happened, policies, batch });
}

/**
 * A server that was promoted or restored: positions of the one before say nothing. All is gone through from the beginning, and
 * what happened well before the last event that was read is passed over.
 */
const beginAnew = ({ readOn: on, toldFrom }: AlertReader, history: string, dueAt: Date): ReaderMove => ({
  history,
  position: BEGINNING,
  readOn: on,
  toldFrom: toldFrom ?? after(on, -MARGIN),
  dueAt,
});

function lastPlace(
  { position, readOn: on, toldFrom }: AlertReader,
  { events, history, isFull }: AlertableBatch,
  end: ReaderMove['position'] | undefined,
): Omit<ReaderMove, 'dueAt'> {
  const read = events.at(-1)?.position ?? position;
  const isThere = toldFrom !== undefined && !isFull;
  const last = isThere && end && comparePositions(end, read) > 0 ? end : read;
  const newest = Math.max(on.getTime(), ...events.map(({ madeOn }) => madeOn.getTime()));
  return { history, position: last, readOn: new Date(newest), toldFrom: isThere ? undefined : toldFrom };
}

interface Found {
  readonly happened: readonly Happened[];
  readonly policies: readonly ChoosingPolicy[];
  readonly batch: AlertableBatch;
}

/** Writes down how far it was read, with what is to be told, unless it is another's by now. */
function moveTo(deps: JobDeps, reader: AlertReader, to: ReaderMove, found?: Found): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    if (!(await moveAlertReader(tx, reader, to)) || !found) return;
    await writeDown(deps, tx, { accountId: reader.accountId, ...found });
  });
}
