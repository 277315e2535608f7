import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import type { AlertKey } from '../store/alert-row.ts';
import type { Actor, AuditEvent, Resource } from '../store/audit.ts';
import type { OperationDeps } from './operation.ts';

/** What changes of alerts need. */
export interface AlertDeps extends Pick<OperationDeps, 'pool' | 'clock'> {
  readonly seal: Seal;
}

/** What there is of alerts, as it is recorded, and as it is called in a sentence. */
const WORDS = {
  alert_policy: 'policy of alerts',
  alert_webhook: 'webhook',
  alert_pagerduty: 'service of PagerDuty',
  alert_silence: 'silence',
  alert_delivery: 'delivery of an alert',
} as const satisfies Partial<Record<Resource, string>>;
export type AlertResource = keyof typeof WORDS;

/** What was done to a part of alerts, as it is recorded. */
export const alertEvent = (
  event: string,
  resource: AlertResource,
  { accountId, id, name }: AlertKey & { readonly name?: string },
  actor: Actor,
): AuditEvent => ({ event, actor, accountId, resource, resourceId: id, name });

/** What was asked for. Throws `alert_not_found` where there is none. */
export function foundAlert<T>(resource: AlertResource, one: T | undefined): T {
  if (one !== undefined) return one;
  throw new Fault('alert_not_found', `the account has no ${WORDS[resource]} of that id`);
}

/** Throws `quota_reached` where an account would have more than it may. */
export function checkCount(resource: AlertResource, count: number, most: number): void {
  if (count <= most) return;
  const sentence = `an account may have ${most} of each ${WORDS[resource]}; take some away first`;
  throw new Fault('quota_reached', sentence);
}
