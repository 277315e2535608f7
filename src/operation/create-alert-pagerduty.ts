import { pagerdutyPurpose } from '../key/purpose.ts';
import { newHexId } from '../kit/id.ts';
import { MOST_PAGERDUTY } from '../pack/alert-terms.ts';
import type { KeyedRequest } from '../store/account-requests.ts';
import { insertAlertPagerduty, listAlertPagerduty } from '../store/alert-pagerduty.ts';
import type { AlertKey } from '../store/alert-row.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, checkCount } from './alert-event.ts';
import { onceByKey } from './once-by-key.ts';

/** What a client says of a service of PagerDuty. */
export interface PagerdutyTerms {
  readonly name: string;
  /** Of its integration for events, version 2. */
  readonly integrationKey: string;
}

/** Makes a service of PagerDuty known. Throws `quota_reached` and `key_reused`. */
export function createAlertPagerduty(
  { pool, clock, seal }: AlertDeps,
  {
    accountId,
    terms,
    id = newHexId(),
    request,
  }: {
    readonly accountId: string;
    readonly terms: PagerdutyTerms;
    readonly id?: string;
    readonly request?: KeyedRequest | undefined;
  },
  by: Actor,
): Promise<AlertKey> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockAccount(tx, accountId);
    const there = await listAlertPagerduty(tx, accountId);
    return onceByKey<AlertKey>(tx, request, now, {
      idsOf: (made) => [made.id],
      find: async ([earlier]) => there.find((one) => one.id === earlier),
      make: async () => {
        checkCount('alert_pagerduty', there.length + 1, MOST_PAGERDUTY);
        const one = { accountId, id, name: terms.name, createdOn: now };
        const key = seal.close(Buffer.from(terms.integrationKey), pagerdutyPurpose(accountId, id));
        await insertAlertPagerduty(tx, { ...one, key });
        await recordAudit(tx, alertEvent('create', 'alert_pagerduty', one, by), now);
        return { accountId, id };
      },
    });
  });
}
