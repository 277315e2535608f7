import { Fault } from '../kit/fault.ts';
import { newHexId } from '../kit/id.ts';
import { MOST_SILENCES } from '../pack/alert-terms.ts';
import type { KeyedRequest } from '../store/account-requests.ts';
import { getAlertPolicy } from '../store/alert-policies.ts';
import { type AlertSilence, insertAlertSilence, listAlertSilences } from '../store/alert-silences.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { type Tx, transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, checkCount } from './alert-event.ts';
import { onceByKey } from './once-by-key.ts';

/** What a client says of a silence; the id is given where it is known beforehand. */
export type SilenceTerms = Pick<AlertSilence, 'policyId' | 'startsOn' | 'endsOn'> & { readonly id?: string };

/** Makes silences, all or none. Throws `quota_reached` and `key_reused`; `destination_not_found` with a pointer where a policy is not there. */
export function createAlertSilences(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  {
    accountId,
    wishes,
    request,
  }: {
    readonly accountId: string;
    readonly wishes: readonly SilenceTerms[];
    readonly request?: KeyedRequest | undefined;
  },
  by: Actor,
): Promise<AlertSilence[]> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockAccount(tx, accountId);
    const there = await listAlertSilences(tx, accountId);
    return onceByKey<AlertSilence[]>(tx, request, now, {
      idsOf: (made) => made.map(({ id }) => id),
      find: async (ids) => orNone(ids.flatMap((id) => there.find((one) => one.id === id) ?? [])),
      make: async () => {
        checkCount('alert_silence', there.length + wishes.length, MOST_SILENCES);
        const made: AlertSilence[] = [];
        for (const [i, wish] of wishes.entries())
          made.push(await createOne(tx, { accountId, wish, i, now }, by));
        return made;
      },
    });
  });
}

/** Those that are there still; where none is, all are made again. */
const orNone = <T>(some: T[]): T[] | undefined => (some.length > 0 ? some : undefined);

interface Wished {
  readonly accountId: string;
  readonly wish: SilenceTerms;
  readonly i: number;
  readonly now: Date;
}

async function createOne(tx: Tx, { accountId, wish, i, now }: Wished, by: Actor): Promise<AlertSilence> {
  const { id = newHexId(), policyId, startsOn, endsOn } = wish;
  const policy = await getAlertPolicy(tx, { accountId, id: policyId });
  if (!policy) throw unknown(`/${i}/policy_id`);
  const silence = { accountId, id, policyId, startsOn, endsOn, createdOn: now, updatedOn: now };
  await insertAlertSilence(tx, silence);
  const event = alertEvent('create', 'alert_silence', { ...silence, name: policy.name }, by);
  await recordAudit(tx, event, now);
  return silence;
}

const unknown = (pointer: string): Fault =>
  new Fault('destination_not_found', 'the account has no policy of alerts of that id', { pointer });
