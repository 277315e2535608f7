/** Which channels are told of what happened: by the policies of an account, and by what each channel was told before. Pure. */
import { between, type Seconds } from '../kit/time.ts';
import { type AlertBody, correlationOf } from './alert-body.ts';
import { type AlertFacts, isProblem, weightOf } from './alert-text.ts';
import { type AlertFact, type AlertFilters, passes } from './alert-types.ts';

/** A channel of a policy. */
export interface PolicyChannel {
  readonly mechanism: 'webhooks' | 'email' | 'pagerduty';
  readonly destination: string;
  /** Whether it keeps what is wrong open until it is told that it is over: it is told of nothing else. */
  readonly keepsIncidents: boolean;
  /** Whether people read it: much at once is put together. */
  readonly isForPeople: boolean;
}

/** A policy, as far as it is looked at here. */
export interface ChoosingPolicy {
  readonly id: string;
  readonly name: string;
  readonly alertType: string;
  readonly filters: AlertFilters;
  /** How long the same is not told again. */
  readonly interval: Seconds;
  readonly since: Date;
  readonly isSilent: boolean;
  readonly channels: readonly PolicyChannel[];
}

/** Something that happened, in words, and what filters look at. */
export interface Happened {
  readonly accountId: string;
  readonly alertType: string;
  readonly subject: string;
  readonly madeOn: Date;
  /** Names the event for ever. */
  readonly key: string;
  readonly fact: AlertFact;
  readonly facts: AlertFacts;
}

/** What a channel is to be told. */
export interface Chosen {
  readonly policy: ChoosingPolicy;
  readonly channel: PolicyChannel;
  readonly subject: string;
  readonly once: string;
  readonly body: AlertBody;
}

/** What a channel was told of a subject, and when. */
export interface ToldOnce {
  readonly isProblem: boolean;
  readonly toldOn: Date;
}

/** A channel, and what it is told of. */
export interface Lane extends Pick<PolicyChannel, 'mechanism' | 'destination'> {
  readonly subject: string;
}

/** What channels were told, by event; and what of that is to be stored. */
export class Memory {
  readonly #told = new Map<string, Map<string, ToldOnce>>();
  readonly #over = new Map<string, Lane>();
  readonly #touched = new Map<string, Lane>();

  of(lane: Lane): ReadonlyMap<string, ToldOnce> {
    return this.#told.get(keyOf(lane)) ?? new Map<string, ToldOnce>();
  }

  /** Puts in what is stored already. */
  recall(lane: Lane, event: string, told: ToldOnce): void {
    this.#told.set(keyOf(lane), new Map([...this.of(lane), [event, told]]));
  }

  note(lane: Lane, event: string, told: ToldOnce): void {
    this.recall(lane, event, told);
    this.#touched.set(keyOf(lane), lane);
  }

  forget(lane: Lane): void {
    if (!this.#told.delete(keyOf(lane))) return;
    this.#over.set(keyOf(lane), lane);
  }

  /** Lanes of which nothing is left that was stored, and what is to be stored afterwards. */
  changes() {
    const told = [...this.#touched.values()].flatMap((lane) =>
      [...this.of(lane)].map(([event, one]) => ({ ...laneOf(lane), event, ...one })),
    );
    return { over: [...this.#over.values()].map(laneOf), told };
  }
}

const laneOf = ({ mechanism, destination, subject }: Lane): Lane => ({ mechanism, destination, subject });
const keyOf = ({ mechanism, destination, subject }: Lane) => `${mechanism} ${destination} ${subject}`;

/** Who is told of an event. The memory is changed accordingly. */
export const choose = (
  happened: Happened,
  policies: readonly ChoosingPolicy[],
  memory: Memory,
): readonly Chosen[] =>
  policies
    .filter(({ alertType, since }) => alertType === happened.alertType && since <= happened.madeOn)
    .flatMap((policy) => policy.channels.flatMap((channel) => tell(happened, policy, channel, memory) ?? []));

function tell(
  happened: Happened,
  policy: ChoosingPolicy,
  channel: PolicyChannel,
  memory: Memory,
): Chosen | undefined {
  const { facts, subject } = happened;
  const lane = { ...channel, subject };
  const told = memory.of(lane);
  const isOver = weightOf(facts.event).isEnd === true && [...told.values()].some((one) => one.isProblem);
  if (!isWanted(happened, policy, channel, isOver) || isTooSoon(happened, policy, told)) return undefined;
  if (!policy.isSilent) {
    if (weightOf(facts.event).isEnd) memory.forget(lane);
    const isTrouble = isProblem(facts.event);
    if (isTrouble || policy.interval > 0)
      memory.note(lane, facts.event, { isProblem: isTrouble, toldOn: happened.madeOn });
  }
  const state = isOver ? 'end' : 'start';
  const body = { ...facts, state, correlationId: correlationOf(happened.accountId, subject) } as const;
  return { policy, channel, subject, once: happened.key, body };
}

/** What keeps incidents is told of their end, also where the policy's filter of events or statuses has no place for it. */
function isWanted(
  { fact, facts: { event } }: Happened,
  { filters }: ChoosingPolicy,
  { keepsIncidents }: PolicyChannel,
  isOver: boolean,
): boolean {
  if (!keepsIncidents) return passes(filters, fact);
  if (!isOver) return isProblem(event) && passes(filters, fact);
  const { event_type: _events, new_status: _statuses, ...place } = filters;
  return passes(place, fact);
}

const isTooSoon = (
  { madeOn, facts: { event } }: Happened,
  { interval }: ChoosingPolicy,
  told: ReadonlyMap<string, ToldOnce>,
): boolean => {
  const last = told.get(event)?.toldOn;
  return interval > 0 && last !== undefined && between(last, madeOn) < interval;
};
