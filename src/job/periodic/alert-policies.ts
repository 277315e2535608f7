import { channelOf } from '../../notify/channels.ts';
import type { ChoosingPolicy, PolicyChannel } from '../../pack/alert-choice.ts';
import { intervalOf } from '../../pack/alert-terms.ts';
import { type AlertPolicy, listAlertPolicies, MECHANISMS } from '../../store/alert-policies.ts';
import { isSilent, listAlertSilences } from '../../store/alert-silences.ts';
import { listAlertWebhooks } from '../../store/alert-webhooks.ts';
import type { JobDeps } from '../job.ts';

/** The policies of an account that are enabled, as those who choose look at them now. */
export async function listChoosing({ pool, clock }: JobDeps, accountId: string): Promise<ChoosingPolicy[]> {
  const policies = (await listAlertPolicies(pool, accountId)).filter(({ isEnabled }) => isEnabled);
  if (policies.length === 0) return [];
  const silences = await listAlertSilences(pool, accountId);
  const webhooks = await listAlertWebhooks(pool, accountId);
  const kinds = new Map(webhooks.map(({ id, kind }) => [id, kind]));
  const silent = silences.filter((one) => isSilent(one, clock.now())).map(({ policyId }) => policyId);
  return policies.map((policy) => ({
    id: policy.id,
    name: policy.name,
    alertType: policy.alertType,
    filters: policy.filters,
    interval: (policy.alertInterval !== undefined && intervalOf(policy.alertInterval)) || 0,
    since: policy.createdOn,
    isSilent: silent.includes(policy.id),
    channels: channelsOf(policy, kinds),
  }));
}

/** Channels of a policy; a webhook that is gone is none. */
function channelsOf(
  { mechanisms }: AlertPolicy,
  kinds: ReadonlyMap<string, string>,
): readonly PolicyChannel[] {
  return MECHANISMS.flatMap((mechanism) =>
    (mechanisms[mechanism] ?? []).flatMap(({ id: destination }) => {
      const kind = mechanism === 'webhooks' ? kinds.get(destination) : '';
      if (kind === undefined) return [];
      const row = mechanism === 'webhooks' ? channelOf(kind) : undefined;
      const keepsIncidents = row?.keepsIncidents ?? mechanism === 'pagerduty';
      const isForPeople = row?.isForPeople ?? mechanism === 'email';
      return [{ mechanism, destination, keepsIncidents, isForPeople }];
    }),
  );
}
