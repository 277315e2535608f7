import { newHexId } from '../../src/kit/id.ts';
import type { DeliveryStatus } from '../../src/store/alert-history.ts';
import type { AlertKey } from '../../src/store/alert-row.ts';
import type { Pool } from '../../src/store/store.ts';
import { cellOf } from '../../src/store/zone-key.ts';

/** What a delivery is given with; the rest is made up. */
interface GivenDelivery {
  readonly number: number;
  readonly status: DeliveryStatus;
  readonly endedOn?: Date;
}

/** Something that a webhook was told, or is to be told. */
export async function givenDelivery(
  { pool }: { readonly pool: Pool },
  { accountId, id: destination }: AlertKey,
  { number, status, endedOn = new Date(0) }: GivenDelivery,
): Promise<AlertKey> {
  const id = newHexId();
  const body = { event: 'validation.failed', title: `title ${number}`, text: `text ${number}`, data: {} };
  await pool.query(
    `insert into alert_deliveries (cell, account_id, number, id, policy_id, policy_name, alert_type, mechanism, destination,
       subject, once, body, made_on, status, attempts, problem, due_at, ended_on)
     values ($1, $2, $3, $4, 'p', 'policy', 'universal_ssl_event_type', 'webhooks', $5, 'subject', $4, $6, $7, $8, 3,
       'it does not answer', $9, $10)`,
    [
      cellOf(accountId),
      accountId,
      number,
      id,
      destination,
      JSON.stringify(body),
      new Date(0),
      status,
      status === 'queued' ? endedOn : null,
      status === 'queued' ? null : endedOn,
    ],
  );
  return { accountId, id };
}
