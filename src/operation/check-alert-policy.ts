import { Fault } from '../kit/fault.ts';
import { listAlertPagerduty } from '../store/alert-pagerduty.ts';
import type { AlertPolicy, Mechanism } from '../store/alert-policies.ts';
import { listAlertWebhooks } from '../store/alert-webhooks.ts';
import type { Tx } from '../store/store.ts';
import { getZone } from '../store/zones.ts';

/**
 * Throws `destination_not_found` with a pointer where a policy names a webhook, a service of PagerDuty or a zone that its
 * account does not have: one of another account is none.
 */
export async function checkAlertPolicy(
  tx: Tx,
  { accountId, mechanisms, filters }: Pick<AlertPolicy, 'accountId' | 'mechanisms' | 'filters'>,
): Promise<void> {
  const { webhooks = [], pagerduty = [] } = mechanisms;
  if (webhooks.length > 0) checkIds('webhooks', webhooks, await listAlertWebhooks(tx, accountId));
  if (pagerduty.length > 0) checkIds('pagerduty', pagerduty, await listAlertPagerduty(tx, accountId));
  for (const [i, id] of (filters.zones ?? []).entries())
    if (!(await getZone(tx, accountId, id))) throw unknown(`/filters/zones/${i}`, 'zone');
}

type Ids = readonly { readonly id: string }[];

function checkIds(kind: Exclude<Mechanism, 'email'>, given: Ids, there: Ids): void {
  const i = given.findIndex(({ id }) => !there.some((one) => one.id === id));
  if (i >= 0)
    throw unknown(`/mechanisms/${kind}/${i}/id`, kind === 'webhooks' ? 'webhook' : 'service of PagerDuty');
}

const unknown = (pointer: string, what: string): Fault =>
  new Fault('destination_not_found', `the account has no ${what} of that id`, { pointer });
