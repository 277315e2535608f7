/** For tests of agents: one that is enrolled, beside an edge in memory. */
import { join } from 'node:path';
import { type Agent, type AgentOptions, startAgent } from '../../../src/edge/agent/agent.ts';
import { enrol } from '../../../src/edge/agent/enrol.ts';
import { readIdentity } from '../../../src/edge/agent/identity.ts';
import type {
  EdgeAbilities,
  EdgeDriver,
  EdgeInHand,
  HeldPack,
  PlacedPack,
} from '../../../src/edge/driver.ts';
import { leafOf } from '../../../src/edge/leaf.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { Fault } from '../../../src/kit/fault.ts';
import { ALGORITHMS, type Algorithm } from '../../../src/pack/pack.ts';
import type { Ending, GivenAgentService } from './given-agent-service.ts';
import { givenFolder, quiet } from './given-service.ts';

/** An edge that a driver has in hand, and that goes wrong as a test wants. */
export class MemoryEdge implements EdgeInHand {
  readonly held = new Map<string, HeldPack>();
  /** What it shows in place of what it has, by name. */
  readonly planted = new Map<string, string>();
  /** Why it refuses a pack. */
  readonly refusing = new Map<string, string>();
  readonly applied: string[] = [];
  readonly withdrawn: string[] = [];
  isAway = false;

  async apply(packs: readonly PlacedPack[]) {
    this.#demand();
    for (const { packId, names, certificates } of packs.filter((pack) => !this.refusing.has(pack.packId))) {
      const leaves: Partial<Record<Algorithm, string>> = {};
      for (const algorithm of ALGORITHMS) {
        const pair = certificates[algorithm];
        if (pair) leaves[algorithm] = leafOf(pair.chain);
      }
      this.held.set(packId, { packId, names, leaves });
      for (const name of names) this.planted.delete(name);
      this.applied.push(packId);
    }
    return packs.flatMap(({ packId }) => {
      const why = this.refusing.get(packId);
      return why === undefined ? [] : [{ packId, why }];
    });
  }

  async withdraw(packIds: readonly string[]) {
    this.#demand();
    for (const packId of packIds) {
      this.held.delete(packId);
      this.withdrawn.push(packId);
    }
  }

  async inventory() {
    this.#demand();
    return [...this.held.values()];
  }

  async verify({ name, algorithm }: { readonly name: string; readonly algorithm: Algorithm }) {
    this.#demand();
    const held = [...this.held.values()].findLast((pack) => pack.names.includes(name));
    const fingerprint = this.planted.get(name) ?? held?.leaves[algorithm];
    if (fingerprint === undefined) return undefined;
    const about = { subject: '', issuer: '', notAfter: new Date(), hosts: [], protocol: '' };
    return { fingerprint, ...about };
  }

  async close() {}

  #demand(): void {
    if (this.isAway) throw new Fault('edge_unreachable', 'the edge is away');
  }
}

const ABILITIES: EdgeAbilities = {
  isDual: true,
  isRuntime: true,
  takesWildcards: true,
  isPulling: false,
  mostNames: 100_000,
  tlsSettings: ['http2'],
};

export const driverFor = (edge: EdgeInHand, abilities = ABILITIES): EdgeDriver => ({
  abilities,
  options: {},
  open: async () => edge,
});

/** A folder that is enrolled. */
export async function givenEnrolled(t: Ending, service: GivenAgentService): Promise<string> {
  const dir = join(givenFolder(t), 'agent');
  await enrol({ dir, token: service.token, version: '1', now: new Date() }, AbortSignal.timeout(5_000));
  return dir;
}

/** Starts the agent of a folder. The test ends it. */
export async function givenAgent(
  t: Ending,
  dir: string,
  more: Partial<AgentOptions> & Pick<AgentOptions, 'driver'>,
): Promise<Agent> {
  const identity = await readIdentity(dir);
  if (!identity) throw new Error('not enrolled');
  const agent = await startAgent({
    dir,
    identity,
    options: {},
    address: { host: '127.0.0.1', port: 1 },
    inventoryEvery: 60,
    handshakesPerSecond: 0,
    version: '1',
    clock: systemClock(),
    log: quiet(),
    ...more,
  });
  t.after(() => agent.close());
  return agent;
}

/** A service, an edge in memory, and the agent between them. */
export async function givenScene(t: Ending, service: GivenAgentService, more: Partial<AgentOptions> = {}) {
  const edge = new MemoryEdge();
  const dir = await givenEnrolled(t, service);
  const begin = () => givenAgent(t, dir, { driver: driverFor(edge), ...more });
  return { edge, dir, begin };
}
