/** Proves all the time that edges serve what they are to: what drifts is told to its edge again, and what stays wrong to its owner. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EdgeRow } from '../../edge/edge.ts';
import { after, between, type Seconds } from '../../kit/time.ts';
import { LONGEST_WRONG, recordDrift, recordReturn } from '../../operation/record-drift.ts';
import { recordRevoked } from '../../operation/record-revoked.ts';
import { tellEdgesAgain } from '../../operation/tell-edges-again.ts';
import { troubleOf } from '../../pack/edge-presence.ts';
import { toName } from '../../pack/hosts.ts';
import { isServed, may } from '../../pack/lifecycle.ts';
import {
  type DeploymentLook,
  type DueDeployment,
  putLooks,
  takeDueDeployments,
} from '../../store/deployment-looks.ts';
import { type EdgeState, listAbsentEdges } from '../../store/edge-states.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import type { JobDeps } from '../job.ts';
import { isAway } from '../step/absent-edges.ts';
import { type DeploymentSeen, isUnreached, lookAtDeployment } from '../step/look-at-deployment.ts';
import { type ReachedEdge, reachedIn } from '../step/verify-edge.ts';
import { report } from './repeat.ts';

/** How long it is until a deployment is looked at again, of one that showed all and of one that did not. */
const [NEXT, SOON]: readonly [Seconds, Seconds] = [20, 5];
/** Handshakes that are made side by side. */
const AT_ONCE = 8;
/** Edges whose deployments one round takes; others have their turn in the next. */
const MOST_EDGES = 16;

/** One round of looks. */
interface Round {
  readonly edges: readonly EdgeRow[];
  readonly absent: readonly EdgeState[];
  readonly signal: AbortSignal;
}

/** What a look came to, beside what it was of. */
interface Looked {
  readonly due: DueDeployment;
  readonly look: DeploymentLook;
  readonly count: number;
  readonly revoked: DeploymentSeen['revoked'];
}

/** Looks at deployments that are due, the longest unproved first, as many names as a second has. */
export async function proveServed(deps: JobDeps, ring: () => void, signal: AbortSignal): Promise<void> {
  const { namesPerSecond } = deps.verification;
  if (namesPerSecond === 0) return;
  const absent = await listAbsentEdges(deps.pool);
  const edges = inTurn(
    deps,
    reachedIn(deps.edges).filter((edge) => !isUnreachable(absent, edge)),
  );
  if (edges.length === 0) return;
  const round = { edges, absent, signal };
  const looked = await lookAtAll(deps, await takeDue(deps, edges, namesPerSecond), round);
  const looks = looked.map(({ look }) => look);
  await putLooks(deps.pool, looks, deps.clock.now());
  for (const one of looked) if (!signal.aborted) await follow(deps, one, { round, ring });
  const names = looked.reduce((sum, { count }) => sum + count, 0);
  if (names > namesPerSecond) await rest(names / namesPerSecond - 1, signal);
}

/** An edge whose agent is silent, or says what is wrong, may answer all the same. */
const isUnreachable = (absent: readonly EdgeState[], { name, agent }: ReachedEdge): boolean =>
  troubleOf(agent) === undefined &&
  absent.some((state) => name === state.name && state.unreachableSince !== undefined);

/** Some of many edges, others each second. */
function inTurn({ clock }: JobDeps, edges: readonly EdgeRow[]): readonly EdgeRow[] {
  if (edges.length <= MOST_EDGES) return edges;
  const from = (Math.floor(clock.now().getTime() / 1_000) * MOST_EDGES) % edges.length;
  return [...edges.slice(from), ...edges.slice(0, from)].slice(0, MOST_EDGES);
}

/** What had a problem first, and half of the round at most, so that the rest is looked at too. */
async function takeDue(
  { pool, clock }: JobDeps,
  edges: readonly EdgeRow[],
  most: number,
): Promise<DueDeployment[]> {
  const now = clock.now();
  const which = { cells: EVERY_CELL, edges: edges.map(({ name }) => name), now, until: after(now, NEXT) };
  const problems = await takeDueDeployments(pool, 'problems', { ...which, limit: Math.ceil(most / 2) });
  const limit = Math.max(most - problems.length, 1);
  return [...problems, ...(await takeDueDeployments(pool, 'all', { ...which, limit }))];
}

async function lookAtAll(deps: JobDeps, due: readonly DueDeployment[], round: Round): Promise<Looked[]> {
  const queue = [...due];
  const looked: Looked[] = [];
  const work = async () => {
    for (let next = queue.shift(); next && !round.signal.aborted; next = queue.shift()) {
      const one = await lookAt(deps, next, round);
      if (one) looked.push(one);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return looked;
}

/** Undefined: there was nothing to be seen. */
async function lookAt(deps: JobDeps, due: DueDeployment, round: Round): Promise<Looked | undefined> {
  const { signal } = round;
  const edge = round.edges.find(({ name }) => name === due.edge);
  if (!edge || !isOurs(due, round)) return undefined;
  try {
    const seen = await lookAtDeployment(deps, edge, due, signal);
    return { due, count: seen.count, revoked: seen.revoked, look: lookOf(due, seen, deps.clock.now()) };
  } catch (error) {
    if (!signal.aborted && !isUnreached(error)) report(deps, error, 'look at a deployment');
    return undefined;
  }
}

/** Whether it is looked at here: what is on its way to the edges is its worker's, unless it was there, or the edge comes back. */
const isOurs = ({ status, driftedOn, edge }: DueDeployment, { absent }: Round): boolean =>
  isServed(status) ||
  driftedOn !== undefined ||
  absent.some(({ name, backSince }) => name === edge && backSince !== undefined);

function lookOf(due: DueDeployment, { problem, nextName }: DeploymentSeen, now: Date): DeploymentLook {
  const { pack, edge, wanted } = due;
  const how =
    problem === undefined
      ? { wrongSince: undefined, lookAt: after(now, NEXT) }
      : { wrongSince: due.wrongSince ?? now, lookAt: after(now, SOON) };
  return { pack, edge, wanted, nextName, problem, ...how };
}

/** What is done about a look beside writing it down. */
interface Following {
  readonly round: Round;
  readonly ring: () => void;
}

/** Sees to what a look showed. */
async function follow(deps: JobDeps, looked: Looked, following: Following): Promise<void> {
  try {
    await (looked.look.wrongSince === undefined ? followRight : followWrong)(deps, looked, following);
    for (const one of looked.revoked)
      if (await recordRevoked(deps, { pack: looked.due.pack, ...one }))
        told(deps, looked.due, following.ring);
  } catch (error) {
    if (!following.round.signal.aborted) report(deps, error, 'record what an edge shows');
  }
}

async function followRight(deps: JobDeps, { due }: Looked, { round, ring }: Following): Promise<void> {
  if (due.driftedOn && (await recordReturn(deps, { pack: due.pack, away: awayIn(round) })))
    told(deps, due, ring);
}

async function followWrong(deps: JobDeps, { due, look }: Looked, { round, ring }: Following): Promise<void> {
  const away = awayIn(round);
  const age = between(look.wrongSince ?? deps.clock.now(), deps.clock.now());
  if (isTimeToTell(due, age)) await tellAgain(deps, due, look);
  const isLong = may(due.status, 'drift') && !away.has(due.edge) && age >= LONGEST_WRONG;
  if (isLong && (await recordDrift(deps, { pack: due.pack, away }))) told(deps, due, ring);
}

const awayIn = ({ absent }: Round): ReadonlySet<string> =>
  new Set(absent.filter(isAway).map(({ name }) => name));

/** An edge is told when it is seen first, and once a minute then. */
const isTimeToTell = ({ wrongSince }: DueDeployment, age: Seconds): boolean =>
  wrongSince === undefined || age % TELL_EVERY < SOON;

const TELL_EVERY: Seconds = 60;

async function tellAgain(deps: JobDeps, { hosts, environment, pack }: DueDeployment, look: DeploymentLook) {
  deps.log.warn(
    { pack: pack.id, edge: look.edge, why: look.problem },
    'an edge shows something else; it is told again',
  );
  const change = { environment, hosts: hosts.map(toName) };
  await tellEdgesAgain(deps, change);
  deps.pushChange(change);
}

/** A worker goes on with the pack, and whoever waits for it hears. */
function told(deps: JobDeps, { pack }: DueDeployment, ring: () => void): void {
  deps.moves.notify(pack.id, undefined);
  ring();
}

/** What was asked for beyond a second's names is made up for. */
const rest = (seconds: Seconds, signal: AbortSignal): Promise<unknown> =>
  delay(seconds * 1_000, undefined, { signal }).catch(() => undefined);
