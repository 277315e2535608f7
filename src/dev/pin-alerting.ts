/** What a fixture file pins of alerts. */
import { type Static, Type } from 'typebox';
import type { ApiDeps } from '../api/deps.ts';
import { changeAlertPolicy } from '../operation/change-alert-policy.ts';
import { changeAlertSilences } from '../operation/change-alert-silences.ts';
import { changeAlertWebhook } from '../operation/change-alert-webhook.ts';
import { createAlertPagerduty } from '../operation/create-alert-pagerduty.ts';
import { createAlertPolicy } from '../operation/create-alert-policy.ts';
import { createAlertSilences } from '../operation/create-alert-silences.ts';
import { createAlertWebhook } from '../operation/create-alert-webhook.ts';
import { listAlertPagerduty } from '../store/alert-pagerduty.ts';
import { getAlertPolicy } from '../store/alert-policies.ts';
import { getAlertSilence } from '../store/alert-silences.ts';
import { getAlertWebhook } from '../store/alert-webhooks.ts';
import { OPERATOR } from '../store/audit.ts';

const HexId = Type.String({ pattern: '^[0-9a-f]{32}$' });
const Text = Type.String({ minLength: 1, maxLength: 250 });
const closed = { additionalProperties: false };
const Ids = Type.Optional(Type.Array(Type.Object({ id: Type.String() }, closed)));

export const PinnedAlerting = Type.Object(
  {
    webhooks: Type.Optional(Type.Array(Type.Object({ id: HexId, name: Text, url: Text }, closed))),
    pagerduty: Type.Optional(
      Type.Array(Type.Object({ id: HexId, name: Text, integration_key: Text }, closed)),
    ),
    policies: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: HexId,
            name: Text,
            alert_type: Text,
            mechanisms: Type.Object({ email: Ids, pagerduty: Ids, webhooks: Ids }, closed),
          },
          closed,
        ),
      ),
    ),
    silences: Type.Optional(
      Type.Array(Type.Object({ id: HexId, policy_id: HexId, start_time: Text, end_time: Text }, closed)),
    ),
  },
  closed,
);
export type PinnedAlerting = Static<typeof PinnedAlerting>;
type Pinned<K extends keyof PinnedAlerting> = NonNullable<PinnedAlerting[K]>[number];

type Deps = Pick<ApiDeps, 'pool' | 'clock' | 'seal'>;

/** Has all of it there again, as it was: what policies name first. */
export async function pinAlerting(
  deps: Deps,
  accountId: string,
  { webhooks = [], pagerduty = [], policies = [], silences = [] }: PinnedAlerting,
): Promise<void> {
  for (const one of webhooks) await pinWebhook(deps, accountId, one);
  for (const one of pagerduty) await pinPagerduty(deps, accountId, one);
  for (const one of policies) await pinPolicy(deps, accountId, one);
  for (const one of silences) await pinSilence(deps, accountId, one);
}

async function pinWebhook(
  deps: Deps,
  accountId: string,
  { id, name, url }: Pinned<'webhooks'>,
): Promise<void> {
  const found = await getAlertWebhook(deps.pool, { accountId, id });
  const terms = { name, url };
  const isPinned = true;
  if (!found) await createAlertWebhook(deps, { accountId, id, terms, isPinned }, OPERATOR);
  else if (found.name !== name || found.url !== url)
    await changeAlertWebhook(deps, found, { ...terms, isPinned }, OPERATOR);
}

async function pinPagerduty(deps: Deps, accountId: string, pinned: Pinned<'pagerduty'>): Promise<void> {
  const { id, name, integration_key: integrationKey } = pinned;
  const there = await listAlertPagerduty(deps.pool, accountId);
  if (there.some((one) => one.id === id)) return;
  await createAlertPagerduty(deps, { accountId, id, terms: { name, integrationKey } }, OPERATOR);
}

async function pinPolicy(deps: Deps, accountId: string, pinned: Pinned<'policies'>): Promise<void> {
  const { id, name, alert_type: alertType, mechanisms } = pinned;
  const terms = {
    name,
    alertType,
    mechanisms,
    description: '',
    isEnabled: true,
    filters: {},
    alertInterval: undefined,
  };
  const found = await getAlertPolicy(deps.pool, { accountId, id });
  if (!found) await createAlertPolicy(deps, { accountId, id, terms }, OPERATOR);
  else if (found.modifiedOn > found.createdOn) await changeAlertPolicy(deps, found, () => terms, OPERATOR);
}

async function pinSilence(deps: Deps, accountId: string, pinned: Pinned<'silences'>): Promise<void> {
  const { id, policy_id: policyId, start_time: start, end_time: end } = pinned;
  const times = { startsOn: new Date(start), endsOn: new Date(end) };
  const found = await getAlertSilence(deps.pool, { accountId, id });
  if (!found) await createAlertSilences(deps, { accountId, wishes: [{ id, policyId, ...times }] }, OPERATOR);
  else if (found.updatedOn > found.createdOn)
    await changeAlertSilences(deps, accountId, [{ id, ...times }], OPERATOR);
}
