import { randomBytes } from 'node:crypto';
import type { AlertParts, JobDeps } from '../../src/job/job.ts';
import { webhookSecretPurpose, webhookSigningPurpose } from '../../src/key/purpose.ts';
import { newHexId } from '../../src/kit/id.ts';
import { newAddressesOf } from '../../src/notify/addresses.ts';
import { rootsWith } from '../../src/notify/http-exchange.ts';
import { newSend, type SendDeps } from '../../src/notify/send.ts';
import type { AlertBody } from '../../src/pack/alert-body.ts';
import { type AlertPolicy, insertAlertPolicy } from '../../src/store/alert-policies.ts';
import { ensureAlertReader } from '../../src/store/alert-readers.ts';
import { insertAlertWebhook } from '../../src/store/alert-webhooks.ts';
import { insertDeliveries, type NewDelivery } from '../../src/store/new-deliveries.ts';
import { transaction } from '../../src/store/store.ts';

let roots: ReturnType<typeof rootsWith> | undefined;

/** What sending is given in tests: loopback may be reached. */
export const SENDING: SendDeps = {
  addressesOf: newAddressesOf([]),
  mayReach: (address) => address === '127.0.0.1',
  roots: () => (roots ??= rootsWith([])),
  mail: undefined,
  pagerdutyUrl: 'http://127.0.0.1:9/v2/enqueue',
};

/** How alerts are sent in tests. */
export const sendingWith = (change: Partial<SendDeps> = {}): AlertParts => ({
  send: newSend({ ...SENDING, ...change }),
  publicUrl: 'https://certs.example.net',
  digestAfter: 0,
  mayMail: () => true,
});

export const SIGNING_KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

type Deps = Pick<JobDeps, 'pool' | 'clock' | 'seal'>;

/** A webhook of an account; its id. */
export async function givenWebhook(
  { pool, clock, seal }: Deps,
  accountId: string,
  {
    url,
    kind = 'generic',
    secret = 'known to both',
  }: { readonly url: string; readonly kind?: string; readonly secret?: string },
): Promise<string> {
  const id = newHexId();
  await transaction(pool, (tx) =>
    insertAlertWebhook(tx, {
      accountId,
      id,
      name: 'a webhook',
      url,
      kind,
      createdOn: clock.now(),
      lastSuccessOn: undefined,
      lastFailureOn: undefined,
      secret: seal.close(Buffer.from(secret), webhookSecretPurpose(accountId, id)),
      signingKey: seal.close(Buffer.from(SIGNING_KEY), webhookSigningPurpose(accountId, id)),
    }),
  );
  return id;
}

/** A policy that tells webhooks, or others, of advanced packs; its id. */
export async function givenPolicy(
  { pool, clock }: Deps,
  accountId: string,
  change: Partial<AlertPolicy>,
): Promise<string> {
  const id = newHexId();
  const now = clock.now();
  const policy: AlertPolicy = {
    accountId,
    id,
    name: 'a policy',
    description: '',
    alertType: 'dedicated_ssl_certificate_event_type',
    isEnabled: true,
    mechanisms: {},
    filters: {},
    alertInterval: undefined,
    createdOn: now,
    modifiedOn: now,
    ...change,
  };
  await transaction(pool, async (tx) => {
    await insertAlertPolicy(tx, policy);
    await ensureAlertReader(tx, accountId, now);
  });
  return id;
}

/** Something to tell. */
export const BODY: AlertBody = {
  event: 'deployment.failed',
  severity: 'error',
  state: 'start',
  correlationId: 'c'.repeat(32),
  title: 'shop.example.test: An edge did not serve the certificates in time',
  text: 'It waits.\nIt is your move: mend the edge.',
  madeOn: '2026-11-29T12:00:00.000Z',
  data: { zone_name: 'example.test', certificate_pack_id: 'bbdea3e1-f4d2-40da-96a1-401c4fe7c520' },
  link: 'https://certs.example.net/dashboard/#/zones/1/packs/2',
};

/** Queues messages of a policy for a channel. */
export async function givenDeliveries(
  { pool, clock }: Deps,
  accountId: string,
  policyId: string,
  news: readonly Partial<NewDelivery>[],
): Promise<void> {
  const now = clock.now();
  const rows = news.map(
    (one): NewDelivery => ({
      id: newHexId(),
      policyId,
      policyName: 'a policy',
      alertType: 'dedicated_ssl_certificate_event_type',
      mechanism: 'webhooks',
      destination: '',
      subject: 'a pack',
      once: randomBytes(8).toString('hex'),
      body: BODY,
      isSilenced: false,
      notBefore: now,
      ...one,
    }),
  );
  await transaction(pool, (tx) => insertDeliveries(tx, accountId, rows, now));
}

/** Deliveries as they are stored, in their order. */
export async function deliveriesOf({ pool }: Pick<Deps, 'pool'>, accountId: string) {
  const { rows } = await pool.query<{
    id: string;
    status: string;
    attempts: number;
    problem: string | null;
    destination: string;
    subject: string;
    body: AlertBody;
    due_at: Date | null;
  }>(
    'select id, status, attempts, problem, destination, subject, body, due_at from alert_deliveries where account_id = $1 order by number',
    [accountId],
  );
  return rows;
}
