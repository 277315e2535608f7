import { newHexId } from '../../kit/id.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { ALERT_SEVERITIES, type AlertBody, correlationOf, withOneMore } from '../../pack/alert-body.ts';
import { type ChoosingPolicy, type Chosen, choose, type Happened, Memory } from '../../pack/alert-choice.ts';
import type { AlertableBatch } from '../../store/alert-events.ts';
import {
  cancelHeld,
  countRecent,
  digestSubject,
  type Lane,
  listTold,
  lockOpenDigests,
  putDigest,
  putTold,
} from '../../store/alert-told.ts';
import { insertDeliveries, type NewDelivery } from '../../store/new-deliveries.ts';
import type { Tx } from '../../store/store.ts';
import type { JobDeps } from '../job.ts';

/** How long a message waits that may be over at once: what shows control is often there by itself. */
const HOLD: Seconds = 60;
/** What may be over. */
const HELD = 'validation.wanted';
/** In which time messages of a channel are counted, and how long a digest waits for more. */
const SPAN: Seconds = 60;

interface Found {
  readonly accountId: string;
  readonly happened: readonly Happened[];
  readonly policies: readonly ChoosingPolicy[];
  readonly batch: AlertableBatch;
}

/** Writes down who is told of what, in the transaction that moves the reader. */
export async function writeDown(deps: JobDeps, tx: Tx, found: Found): Promise<void> {
  const { accountId, happened, policies, batch } = found;
  const now = deps.clock.now();
  const memory = new Memory();
  const subjects = [...new Set(happened.map(({ subject }) => subject))];
  if (subjects.length > 0)
    for (const { event, isProblem, toldOn, ...lane } of await listTold(tx, accountId, subjects))
      memory.recall(lane, event, { isProblem, toldOn });
  const chosen = happened.flatMap((one) => choose(one, policies, memory));
  await cancelHeld(tx, accountId, { ...overIn(batch, policies), event: HELD, now });
  const news = await inDigests(deps, tx, { accountId, chosen, now });
  await insertDeliveries(tx, accountId, news, now);
  await putTold(tx, accountId, memory.changes());
}

/** Whatever a pack comes to, it waits for nobody any more as it did before. */
function overIn({ events }: AlertableBatch, policies: readonly ChoosingPolicy[]) {
  const moved = events.filter(({ from, to }) => from !== to && to !== 'pending_validation');
  const subjects = [...new Set(moved.flatMap(({ packId }) => packId ?? []))];
  const channels = policies.flatMap((policy) => policy.channels);
  const lanes = subjects.flatMap((subject) =>
    channels.map(({ mechanism, destination }): Lane => ({ mechanism, destination, subject })),
  );
  return { lanes, problem: 'it was over before it was told' };
}

function deliveryOf({ policy, channel, subject, once, body }: Chosen, now: Date): NewDelivery {
  const notBefore = body.event === HELD ? after(new Date(body.madeOn), HOLD) : now;
  const isHeld = notBefore > now;
  return {
    id: newHexId(),
    policyId: policy.id,
    policyName: policy.name,
    alertType: policy.alertType,
    mechanism: channel.mechanism,
    destination: channel.destination,
    subject,
    once,
    body: isHeld ? { ...body, notBefore: notBefore.toISOString() } : body,
    isSilenced: policy.isSilent,
    notBefore: isHeld ? notBefore : now,
  };
}

interface ToDigest {
  readonly accountId: string;
  readonly chosen: readonly Chosen[];
  readonly now: Date;
}

/**
 * Where a channel that people read gets more than it may in a minute, the rest of a policy is put together: as long as a digest
 * waits to be sent, all goes into it.
 */
async function inDigests(
  deps: JobDeps,
  tx: Tx,
  { accountId, chosen, now }: ToDigest,
): Promise<NewDelivery[]> {
  const most = deps.alerts.digestAfter;
  const read = chosen.filter(({ channel, policy }) => most > 0 && channel.isForPeople && !policy.isSilent);
  if (read.length === 0) return chosen.map((one) => deliveryOf(one, now));
  const digests = new Digests(accountId, now);
  const lanes = read.map(({ channel: { mechanism, destination }, policy }) => ({
    mechanism,
    destination,
    subject: digestSubject(policy.id),
  }));
  for (const { mechanism, destination, policyId, number, body } of await lockOpenDigests(
    tx,
    accountId,
    lanes,
  ))
    digests.open({ mechanism, destination, policyId }, { number, body });
  const counts = new Map(
    (await countRecent(tx, accountId, after(now, -SPAN))).map((one) => [channelKey(one), one.count]),
  );
  const news: NewDelivery[] = [];
  for (const one of chosen) {
    const key = channelKey(one.channel);
    const count = counts.get(key) ?? 0;
    const isIn = read.includes(one) && (digests.has(one) || count >= most);
    if (isIn) digests.add(one);
    else news.push(deliveryOf(one, now));
    if (!isIn) counts.set(key, count + 1);
  }
  for (const { number, body } of digests.grown()) await putDigest(tx, accountId, number, body);
  return [...news, ...digests.made()];
}

const channelKey = ({ mechanism, destination }: Pick<Lane, 'mechanism' | 'destination'>): string =>
  `${mechanism} ${destination}`;

/** Digests that wait to be sent, by channel and policy. */
class Digests {
  readonly #accountId: string;
  readonly #now: Date;
  readonly #open = new Map<
    string,
    { readonly number: number; readonly body: AlertBody; readonly isGrown: boolean }
  >();
  readonly #new = new Map<string, NewDelivery>();

  constructor(accountId: string, now: Date) {
    this.#accountId = accountId;
    this.#now = now;
  }

  open(
    of: Pick<Lane, 'mechanism' | 'destination'> & { readonly policyId: string },
    digest: { readonly number: number; readonly body: AlertBody },
  ): void {
    this.#open.set(`${channelKey(of)} ${of.policyId}`, { ...digest, isGrown: false });
  }

  has(one: Chosen): boolean {
    return this.#open.has(digestKey(one)) || this.#new.has(digestKey(one));
  }

  add(one: Chosen): void {
    const key = digestKey(one);
    const open = this.#open.get(key);
    if (open) {
      this.#open.set(key, { ...open, body: grown(open.body, one.body), isGrown: true });
      return;
    }
    const made = this.#new.get(key) ?? this.#begun(one);
    this.#new.set(key, { ...made, body: grown(made.body, one.body) });
  }

  grown = () => [...this.#open.values()].filter(({ isGrown }) => isGrown);
  made = (): NewDelivery[] => [...this.#new.values()];

  #begun(one: Chosen): NewDelivery {
    const { account_name = '', account_tag = '' } = one.body.data;
    const subject = digestSubject(one.policy.id);
    const notBefore = after(this.#now, SPAN);
    return {
      ...deliveryOf(one, this.#now),
      subject,
      once: `digest ${one.once}`,
      notBefore,
      body: {
        ...one.body,
        state: 'start',
        correlationId: correlationOf(this.#accountId, `${subject} ${one.once}`),
        data: { account_name, account_tag, event_type: 'digest' },
        link: undefined,
        notBefore: notBefore.toISOString(),
      },
    };
  }
}

const digestKey = ({ channel, policy }: Chosen): string => `${channelKey(channel)} ${policy.id}`;

/** With one more in it; as grave as the gravest. */
const grown = (digest: AlertBody, one: AlertBody): AlertBody => ({
  ...withOneMore(digest, one),
  severity:
    ALERT_SEVERITIES.findLast((level) => level === digest.severity || level === one.severity) ?? 'info',
});
