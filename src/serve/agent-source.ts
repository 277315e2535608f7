/** What agents are answered, of the store: their enrolment, what they are told and given, and what they report. */
import { AGENT_LIFE, type Authority, readRequest } from '../edge/agent/authority.ts';
import type { Enrol, Renewed } from '../edge/agent/protocol.ts';
import type { AgentSource, KnownAgent } from '../edge/agent/source.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { PUBLIC_KEY_LENGTH } from '../kit/hpke.ts';
import { after } from '../kit/time.ts';
import { printable } from '../kit/unprintable.ts';
import { noteReport } from '../operation/note-report.ts';
import { renewAgent, takeUpEdge } from '../operation/take-up-edge.ts';
import { touchEdge } from '../store/edge-agents.ts';
import { listTold } from '../store/edge-packs.ts';
import { type Edge } from '../store/edge-row.ts';
import { getGeneration } from '../store/installation-settings.ts';
import { listNamesOf } from '../store/packs.ts';
import { getFile } from '../store/published-records.ts';
import { isReached, isWithinReach, type TellDeps, tellChanges } from './agent-changes.ts';
import { isTellable, packsIn, servingNames } from './agent-names.ts';
import { sealedPacks } from './agent-packs.ts';
import type { LiveEdges } from './live-edges.ts';

export interface AgentDeps extends TellDeps {
  readonly authority: Authority;
  /** The time of this machine, by which certificates are made that TLS judges. */
  readonly machineClock: Clock;
  readonly edges: LiveEdges['list'];
  readonly live: LiveEdges;
  /** Tells the workers of this process that a pack is due. */
  readonly poke: (packId: string) => void;
}

/** How far an agent was told in this generation of the database. */
interface CaughtUp {
  readonly generation: string;
  readonly at: Date;
}

/** Names that are looked at at once, of packs that an agent asks for. */
const MOST_NAMES = 1_000;

export function agentSource(deps: AgentDeps): AgentSource {
  const caughtUp = new Map<string, CaughtUp>();
  const edgeOf = ({ edgeId }: Pick<KnownAgent, 'edgeId'>): Edge => {
    const edge = deps.live.get(edgeId);
    if (edge) return edge;
    throw new Fault('edge_not_found', 'this edge was removed');
  };
  return {
    enrol: (asked, address) => enrol(deps, asked, address),
    isKnown: ({ edgeId, keyHash }) => deps.live.get(edgeId)?.agentKeys.includes(keyHash) ?? false,
    async renew(agent, { csr, version }) {
      const request = await readRequest(csr);
      const next = { key: request.keyHash, version: plain(version), certificateUntil: until(deps) };
      await renewAgent(deps, { id: agent.edgeId, shownKey: agent.keyHash }, next, agent.address);
      await deps.live.refresh();
      return issued(deps, agent.edgeId, request);
    },
    async *changes(agent, cursor, signal) {
      const edge = edgeOf(agent);
      const generation = await getGeneration(deps.pool);
      const since = edge.generation === generation ? sinceOf(cursor, deps.clock.now()) : undefined;
      const onCaughtUp = (at: Date) => {
        caughtUp.set(edge.id, { generation, at });
      };
      caughtUp.delete(edge.id);
      if (since) onCaughtUp(since);
      for await (const line of tellChanges(deps, { edge, since, onCaughtUp }, signal)) {
        if ('at' in line) await touchEdge(deps.pool, edge.id, deps.clock.now());
        yield line;
      }
    },
    packs: async (agent, ids) => ({ packs: await packsOf(deps, edgeOf(agent), ids) }),
    async report(agent, { at, ...report }) {
      const edge = edgeOf(agent);
      const applied = appliedOf(caughtUp.get(edge.id), at, deps.clock.now());
      const said = { ...report, applied, problem: report.problem };
      for (const id of await noteReport(deps, edge, said)) deps.poke(id);
      if (applied && !edge.applied) await deps.live.refresh();
    },
    fileFor: (name, path) => getFile(deps.pool, name, path),
  };
}

const until = ({ machineClock }: AgentDeps): Date => after(machineClock.now(), AGENT_LIFE);

async function enrol(deps: AgentDeps, { secret, csr, sealingKey, version }: Enrol, address: string) {
  const request = await readRequest(csr);
  const raw = Buffer.from(sealingKey, 'base64');
  if (raw.length !== PUBLIC_KEY_LENGTH)
    throw new Fault('malformed_request', 'sealingKey must be 32 bytes of X25519 in base64');
  const by = {
    key: request.keyHash,
    sealingKey: raw,
    version: plain(version),
    certificateUntil: until(deps),
  };
  const edge = await takeUpEdge(deps, secret, by, address);
  // What is known of it by now is of the agent that had it before.
  await deps.live.refresh();
  const { id, name, kind, environment } = edge;
  return { ...(await issued(deps, id, request)), edge: { id, name, kind, environment } };
}

async function issued(
  { authority, machineClock }: AgentDeps,
  edgeId: string,
  request: Awaited<ReturnType<typeof readRequest>>,
): Promise<Renewed> {
  const now = machineClock.now();
  return {
    certificate: await authority.issueAgent(edgeId, request, now),
    ca: authority.certificate,
    renewOn: after(now, AGENT_LIFE / 3).toISOString(),
  };
}

/** The instant that a cursor is, where what changed since is all known; undefined: all is to be told. */
function sinceOf(cursor: string | undefined, now: Date): Date | undefined {
  const since = instantOf(cursor);
  return since && isWithinReach(since, now) ? since : undefined;
}

function instantOf(text: string | undefined): Date | undefined {
  const instant = new Date(text ?? Number.NaN);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

/** What is applied counts from where all was told in this generation of the database; nobody was told of what is to come. */
function appliedOf(caughtUp: CaughtUp | undefined, cursor: string | undefined, now: Date) {
  const at = instantOf(cursor);
  return caughtUp && at && at >= caughtUp.at && isReached(at, now)
    ? { at, generation: caughtUp.generation }
    : undefined;
}

/** As it is shown to people, and can be stored. */
const plain = (version: string): string => printable(version).slice(0, 100);

/** Of packs that an agent asks for, those that serve a name at its edge. */
async function packsOf(deps: AgentDeps, edge: Edge, ids: readonly string[]) {
  const told = await listTold(deps.pool, edge, [...new Set(ids)]);
  const names = await listNamesOf(deps.pool, told);
  const wanted = new Set(told.map(({ id }) => id));
  const found = new Map<string, Awaited<ReturnType<typeof packsIn>>[number]>();
  const all = [...new Set(names)].filter(isTellable);
  for (let i = 0; i < all.length; i += MOST_NAMES)
    for (const pack of packsIn(await servingNames(deps, edge, all.slice(i, i + MOST_NAMES))))
      if (wanted.has(pack.id)) found.set(pack.id, pack);
  return sealedPacks(deps, edge, [...found.values()]);
}
