/** When a CA is asked again for an order, and what the subscriber is told meanwhile. */
import type { CaOrder } from '../../ca/ca.ts';
import { listHosts } from '../../ca/messages.ts';
import { between, hours, minutes, type Seconds } from '../../kit/time.ts';

/** A CA that is busy is asked after half as long again as it has been busy for, within these. */
const [SOONEST, LATEST]: readonly [Seconds, Seconds] = [5, minutes(5)];
/** What a server that is behind says is asked again sooner: it is behind for seconds, mostly. */
const [SOONEST_ODD, LATEST_ODD]: readonly [Seconds, Seconds] = [2, minutes(1)];
const LATEST_ASKED: Seconds = hours(1);

/** Whether the CA asked to be left alone with an order until later than now. */
export const isToRest = ({ askAgainAt }: CaOrder, now: Date): boolean =>
  askAgainAt !== undefined && askAgainAt > now;

/** Seconds until the CA is asked again: as it wants, else later each time. The order says since when; it outlives processes. */
export function nextLook({ askAgainAt, oddity, busySince }: CaOrder, now: Date): Seconds {
  if (askAgainAt && askAgainAt > now) return within(between(now, askAgainAt), 1, LATEST_ASKED);
  if (oddity) return within(between(oddity.since, now), SOONEST_ODD, LATEST_ODD);
  return busySince ? within(between(busySince, now) / 2, SOONEST, LATEST) : SOONEST;
}

const within = (seconds: Seconds, least: Seconds, most: Seconds): Seconds =>
  Math.ceil(Math.min(Math.max(seconds, least), most));

/** A CA is busy for some minutes without that being worth a word. */
const WORTH_A_WORD: Seconds = minutes(5);

/** Who is to answer a mail hears of it at once: the CA waits for a person. */
const mailed = (ca: string, names: readonly string[]): string =>
  `${ca} sent mail about ${listHosts(names)} to the addresses in validation_records; ` +
  'follow the link in one of them for each host, and enter the code that stands there';

/** Why an order is not further, and may not come further, in words. */
export const whyWaiting = (ca: string, order: CaOrder, now: Date): readonly string[] => [
  ...whyNotFurther(ca, order, now),
  ...(order.doubts ?? []),
];

function whyNotFurther(
  ca: string,
  { oddity, busySince, status, authorizations }: CaOrder,
  now: Date,
): readonly string[] {
  if (oddity) return [oddity.why];
  const problems = authorizations.flatMap((one) => (one.status === 'pending' && one.problem) || []);
  if (problems.length > 0) return problems;
  const open = authorizations.filter((one) => one.status === 'pending' && one.shown.method === 'email');
  if (open.length > 0)
    return [
      mailed(
        ca,
        open.map(({ name }) => name),
      ),
    ];
  if (!busySince || between(busySince, now) < WORTH_A_WORD) return [];
  const since = busySince.toISOString().slice(0, 16).replace('T', ' ');
  const what = status === 'pending' ? 'looking for what shows control' : 'issuing';
  return [`${ca} has been ${what} since ${since} UTC; it is asked again`];
}
