/** What the API answers of alerts, as far as it is shown. */
import type { Named } from './wire.ts';

export interface AlertType {
  readonly type: string;
  readonly display_name: string;
  readonly description: string;
  readonly filter_options: readonly {
    readonly Key: string;
    readonly AvailableValues?: readonly { readonly ID: string; readonly Description: string }[];
  }[];
}

/** By product. */
export type AvailableAlerts = Readonly<Record<string, readonly AlertType[]>>;

export interface AlertPolicy {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly alert_type: string;
  readonly enabled: boolean;
  readonly mechanisms: Readonly<Partial<Record<Mechanism, readonly { readonly id: string }[]>>>;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly alert_interval?: string;
}

export type Mechanism = 'email' | 'pagerduty' | 'webhooks';

export interface Webhook {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly type: string;
  readonly created_at: string;
  readonly last_success?: string;
  readonly last_failure?: string;
}

/** What policies are made from. */
export interface Known {
  readonly types: readonly AlertType[];
  readonly webhooks: readonly Webhook[];
  readonly services: readonly Named[];
}

export interface Silence {
  readonly id: string;
  readonly policy_id: string;
  readonly start_time: string;
  readonly end_time: string;
}

export interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly policy_name: string;
  readonly alert_type: string;
  readonly event_type: string;
  readonly title: string;
  readonly alert_body: string;
  readonly mechanism: string;
  readonly mechanism_type: string;
  readonly attempts: number;
  readonly problem?: string;
  readonly created_on: string;
  readonly next_attempt_on?: string;
  readonly ended_on?: string;
}
