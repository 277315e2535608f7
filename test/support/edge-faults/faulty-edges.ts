/** A service whose edges are a HAProxy, an nginx and a bundled one, each with an agent of its own, on a simulated world. */
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { showLeaf } from '../../../src/edge/handshake.ts';
import { ALGORITHMS, type Algorithm } from '../../../src/pack/pack.ts';
import { newClient } from '../client.ts';
import { MAIN } from '../commands.ts';
import { startGround } from '../ground.ts';
import { freePort } from '../ports.ts';
import { RESPONDERS, startServe, writeConfiguration } from '../serve.ts';
import { bundledProgram, type EdgeProgram, haproxyProgram, nginxProgram, started } from './edge-program.ts';

/** An edge with its agent. */
export interface FaultyEdge {
  readonly program: EdgeProgram;
  readonly name: string;
  /** Kills the agent at once. */
  killAgent(): Promise<void>;
  startAgent(): Promise<void>;
  /** Leaves that it shows for a name, by algorithm; undefined: none; 'away': nobody answers. */
  shown(name: string): Promise<Readonly<Record<Algorithm, string | undefined>> | 'away'>;
}

/** All of it. */
export interface FaultyWorld {
  readonly edges: readonly FaultyEdge[];
  readonly client: ReturnType<typeof newClient>;
  readonly zone: { readonly id: string; readonly name: string };
  /** Fingerprints of a pack's leaves, by algorithm. */
  leavesOf(packId: string): Promise<Readonly<Partial<Record<Algorithm, string>>>>;
}

type Client = FaultyWorld['client'];

const PROGRAMS = { haproxy: haproxyProgram, nginx: nginxProgram, bundled: bundledProgram } as const;
/** The makes that there are. */
export type EdgeMake = keyof typeof PROGRAMS;

/** Starts it; it ends with `ends`. */
export async function startFaultyWorld(
  ends: AsyncDisposableStack,
  makes: readonly EdgeMake[],
): Promise<FaultyWorld> {
  const after = { after: (end: () => unknown) => ends.defer(async () => void (await end())) };
  const { dir, databaseUrl, pool, simulator, accountId, token } = await startGround(after, 'edge-faults');
  const options = {
    CERTPACKS_CONFIG: writeConfiguration(dir, simulator, []),
    CERTPACKS_DATABASE_URL: databaseUrl,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_DNS_LISTEN: RESPONDERS.map((address) => `${address}:${simulator.dnsPort}`).join(),
    CERTPACKS_AGENT_LISTEN: `127.0.0.1:${await freePort()}`,
    CERTPACKS_EDGE_PROOFS_PER_SECOND: '100',
  };
  const { api } = await startServe(after, options, { seconds: 120 });
  const client = newClient({ apiToken: token, baseURL: api });
  const edges: FaultyEdge[] = [];
  for (const make of makes)
    edges.push(
      await startEdge(
        ends,
        { client, accountId, dir, home: homeOf(dir, make) },
        await PROGRAMS[make](ends, homeOf(dir, make)),
      ),
    );
  const zone = await client.zones.create({ account: { id: accountId }, name: 'faults.test', type: 'full' });
  const leavesOf = async (packId: string) => {
    const { rows } = await pool.query<{ algorithm: Algorithm; fingerprint: string }>(
      'select algorithm, fingerprint from certificates where pack_id = $1',
      [packId],
    );
    return Object.fromEntries(rows.map(({ algorithm, fingerprint }) => [algorithm, fingerprint]));
  };
  return { edges, client, zone, leavesOf };
}

const homeOf = (dir: string, make: EdgeMake): string => join(dir, `agent-${make}`);

interface Given {
  readonly client: Client;
  readonly accountId: string;
  readonly dir: string;
  /** Folder of the agent. */
  readonly home: string;
}

async function startEdge(
  ends: AsyncDisposableStack,
  { client, accountId, dir, home }: Given,
  program: EdgeProgram,
): Promise<FaultyEdge> {
  const { kind, port } = program;
  const body = { name: kind, kind, host: '127.0.0.1', port };
  const { result }: { result: { token: string } } = await client.post(`/accounts/${accountId}/edges`, {
    body,
  });
  await promisify(execFile)(process.execPath, [MAIN, 'agent', 'enrol', result.token, '--dir', home]);
  const file = join(dir, `${kind}.toml`);
  writeFileSync(
    file,
    `[edge]\naddress = "127.0.0.1:${port}"\ninventory_seconds = 20\nhandshakes_per_second = 20\n${program.options}`,
  );
  let agent: ChildProcess | undefined;
  const killAgent = async () => {
    const ended = agent?.exitCode === null && agent.signalCode === null ? once(agent, 'exit') : undefined;
    agent?.kill('SIGKILL');
    await ended;
    agent = undefined;
  };
  const startAgent = async () => {
    agent = await started(['agent', 'run', '--dir', home, '--config', file], 'agent is ready');
  };
  ends.defer(killAgent);
  if (kind === 'haproxy') await program.start();
  await startAgent();
  if (kind === 'bundled') await program.start();
  return {
    program,
    name: kind,
    killAgent,
    startAgent,
    shown: (name) => shownAt({ name: kind, host: '127.0.0.1', port }, name),
  };
}

async function shownAt(
  place: { readonly name: string; readonly host: string; readonly port: number },
  name: string,
) {
  const ask = async (algorithm: Algorithm) =>
    (await showLeaf(place, { name, algorithm }, AbortSignal.timeout(5_000)))?.fingerprint;
  try {
    const [ecdsa, rsa] = await Promise.all(ALGORITHMS.map(ask));
    return { ecdsa, rsa };
  } catch {
    return 'away';
  }
}
