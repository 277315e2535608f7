/**
 * How fast one agent takes packs and has them shown by a real proxy: many at once, and one among many. The service is one of tests, which
 * has all packs sealed beforehand, so that neither a CA nor a database is in the way.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { enrol } from '../src/edge/agent/enrol.ts';
import { PATHS, type Report } from '../src/edge/agent/protocol.ts';
import { environ } from '../src/kit/config.ts';
import type { EdgeKind } from '../src/pack/pack.ts';
import { MAIN } from '../test/support/commands.ts';
import { type FleetEdge, fleetEdge } from '../test/support/edge/fleet-edge.ts';
import { GivenAgentService, givenAgentService } from '../test/support/edge/given-agent-service.ts';
import { givenPack } from '../test/support/edge/given-service.ts';
import { freePort } from '../test/support/ports.ts';
import { cpuSeconds, median } from './edge-process.ts';
import { type Common, print, toCount } from './result.ts';

interface AgentNumbers {
  readonly kind: EdgeKind;
  readonly names: number;
  readonly singles: number;
}

/** Adds the benchmark. */
export const addAgentBench = (bench: Command, say: (what: string) => void): Command =>
  bench
    .command('agent')
    .description(
      'packs a second that one agent takes and proves when many come at once, and how soon one among many is proven',
    )
    .option('--json', 'print the result as one line of JSON')
    .option('--kind <kind>', 'make of its edge: haproxy, nginx, nginx_by_name, caddy, files', 'haproxy')
    .option('--names <n>', 'that come at once, a pack each, and the same number once more', toCount, 1_000)
    .option('--singles <n>', 'new names after them, one after the other', toCount, 20)
    .action(async (options: AgentNumbers & Common) => print(await agentBench(options, say), options));

interface AgentResult {
  readonly kind: EdgeKind;
  readonly names: number;
  /** All that there is, packs asked for: from the first line to the last report. */
  readonly whole_packs_per_second: number;
  /** As many changes at once, packs told with them. */
  readonly changed_packs_per_second: number;
  /** Processor time of the agent for each pack of both. */
  readonly agent_cpu_ms_per_pack: number;
  /** One new name: until the service heard that handshakes show both certificates. */
  readonly single_ms_median: number;
  readonly single_ms_most: number;
  readonly load_average: number;
}

async function agentBench({ kind, names, singles }: AgentNumbers, say: (what: string) => void) {
  await using ends = new AsyncDisposableStack();
  const scene = await Scene.start(ends, kind);
  await scene.prepare(names * 2 + singles + 1);
  say(`${names * 2 + singles + 1} packs are made`);
  const cpu = scene.cpu();
  const whole = await scene.bring(names, false);
  say(`${names} asked for: ${Math.round(whole)} ms`);
  const changed = await scene.bring(names, true);
  say(`${names} told at once: ${Math.round(changed)} ms`);
  const spent = scene.cpu() - cpu;
  const each: number[] = [];
  // The first is to warm up.
  for (let i = 0; i <= singles; i++) {
    const ms = await scene.bring(1, true);
    if (i > 0) each.push(ms);
    await sleep(REST_MS);
  }
  const rate = (ms: number) => Math.round((names / ms) * 10_000) / 10;
  const result: AgentResult = {
    kind,
    names,
    whole_packs_per_second: rate(whole),
    changed_packs_per_second: rate(changed),
    agent_cpu_ms_per_pack: Math.round((spent / names / 2) * 10_000) / 10,
    single_ms_median: Math.round(median(each)),
    single_ms_most: Math.round(Math.max(...each)),
    load_average: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
  return result;
}

/** From one single change to the next. */
const REST_MS = 150;
/** Packs in a line, as the service has it. */
const PACKS_A_LINE = 20;
/** Packs that are made at once. */
const AT_ONCE = 20;
/** Until all has to be proven. */
const LATE_MS = 600_000;

/** A service, an agent and its edge. */
class Scene {
  readonly #service: GivenAgentService;
  readonly #agent: ChildProcess;
  /** Names that nothing was told of yet. */
  readonly #names: string[] = [];
  /** Packs that are not proven yet. */
  readonly #awaited = new Set<string>();
  #done: () => void = () => undefined;

  private constructor(service: GivenAgentService, agent: ChildProcess) {
    this.#service = service;
    this.#agent = agent;
    service.answers.set(PATHS.reports, (body) => {
      const { proofs }: Report = JSON.parse(body);
      for (const proof of proofs) {
        assert.ok(proof.problem === undefined || this.#awaited.has(proof.packId), proof.problem);
        if (proof.problem === undefined && proof.ecdsa !== undefined) this.#awaited.delete(proof.packId);
      }
      if (this.#awaited.size === 0) this.#done();
      return {};
    });
  }

  static async start(ends: AsyncDisposableStack, kind: EdgeKind): Promise<Scene> {
    const after = { after: (end: () => unknown) => ends.defer(async () => void (await end())) };
    const service = await givenAgentService(after);
    service.edge.kind = kind;
    const edge = await fleetEdge(ends, kind, { host: '127.0.0.1', port: await freePort(), within: [] });
    const dir = join(edge.folder, 'agent');
    await enrol(
      { dir, token: service.token, version: 'bench', now: new Date() },
      AbortSignal.timeout(30_000),
    );
    const agent = await startAgent(ends, edge, dir);
    await edge.start();
    const scene = new Scene(service, agent);
    // One that is proven shows that all of it runs.
    await scene.prepare(1);
    await scene.bring(1, true);
    return scene;
  }

  /** Makes packs that come later. */
  async prepare(count: number): Promise<void> {
    const first = this.#service.packs.size;
    let next = first;
    const one = async () => {
      while (next < first + count) {
        const name = `n${next++}.agent.test`;
        this.#service.add(await givenPack([name]));
        this.#names.push(name);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  /** Milliseconds from telling the next names until all are proven. */
  async bring(count: number, isWith: boolean): Promise<number> {
    const names = this.#names.splice(0, count);
    const service = this.#service;
    for (const name of names) this.#awaited.add(service.names.get(name) ?? assert.fail(name));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => reject(new Error(`${this.#awaited.size} packs are not proven`)), LATE_MS);
    this.#done = resolve;
    const began = performance.now();
    for (let i = 0; i < names.length; i += PACKS_A_LINE)
      service.say(service.lineOf(names.slice(i, i + PACKS_A_LINE), isWith));
    service.tell([]);
    await promise.finally(() => clearTimeout(late));
    return performance.now() - began;
  }

  /** Seconds of the agent so far. */
  cpu(): number {
    return cpuSeconds([this.#agent]);
  }
}

async function startAgent(ends: AsyncDisposableStack, edge: FleetEdge, dir: string): Promise<ChildProcess> {
  const all = { address: `${edge.host}:${edge.port}`, ...edge.options };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  const config = join(edge.folder, 'agent.toml');
  writeFileSync(config, `[edge]\n${lines.join('')}`);
  const child = spawn(process.execPath, [MAIN, 'agent', 'run', '--dir', dir, '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environ(),
  });
  ends.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    if (!line.includes('agent is ready')) continue;
    child.stderr.resume();
    return child;
  }
  throw new Error(`the agent ended: ${said.join('\n')}`);
}
