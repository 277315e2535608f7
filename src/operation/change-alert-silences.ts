import { Fault } from '../kit/fault.ts';
import type { AlertKey } from '../store/alert-row.ts';
import {
  type AlertSilence,
  deleteAlertSilence as deleteRow,
  getAlertSilence,
  replaceAlertSilence,
} from '../store/alert-silences.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, foundAlert } from './alert-event.ts';

/** Other times of a silence; what is left out stays. */
export type SilenceChange = Pick<AlertSilence, 'id'> & Partial<Pick<AlertSilence, 'startsOn' | 'endsOn'>>;

/** Gives silences other times, all or none. Throws `alert_not_found`; `malformed_request` with a pointer where one would end before it starts. */
export function changeAlertSilences(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  accountId: string,
  wishes: readonly SilenceChange[],
  by: Actor,
): Promise<AlertSilence[]> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockAccount(tx, accountId);
    const changed: AlertSilence[] = [];
    for (const [i, wish] of wishes.entries()) {
      const before = foundAlert('alert_silence', await getAlertSilence(tx, { accountId, id: wish.id }));
      const silence = { ...before, ...wish, updatedOn: now };
      checkTimes(silence, i);
      await replaceAlertSilence(tx, silence);
      await recordAudit(tx, alertEvent('update', 'alert_silence', silence, by), now);
      changed.push(silence);
    }
    return changed;
  });
}

/** Throws `malformed_request` with a pointer into the list of silences, where one ends before it starts. */
export function checkTimes({ startsOn, endsOn }: Pick<AlertSilence, 'startsOn' | 'endsOn'>, i: number): void {
  if (endsOn >= startsOn) return;
  throw new Fault('malformed_request', `${i}.end_time must not be before start_time`, {
    pointer: `/${i}/end_time`,
  });
}

/** Ends a silence. Throws `alert_not_found`. */
export function deleteAlertSilence(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  key: AlertKey,
  by: Actor,
): Promise<void> {
  return transaction(pool, async (tx) => {
    await lockAccount(tx, key.accountId);
    const silence = foundAlert('alert_silence', await getAlertSilence(tx, key));
    await deleteRow(tx, key);
    await recordAudit(tx, alertEvent('delete', 'alert_silence', silence, by), clock.now());
  });
}
