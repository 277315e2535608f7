import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { VirtualClock } from '../kit/clock.ts';
import { FAULTS, Fault, wordsOf } from '../kit/fault.ts';
import type { Access } from '../pack/permission.ts';
import { makeDue } from '../store/packs.ts';
import type { Pool } from '../store/store.ts';
import { createToken } from '../store/tokens.ts';
import type { WorldEdge } from './edges.ts';
import { runClock } from './run-clock.ts';

/** What the control interface moves. It exists where the world is simulated, never in production. */
export interface ControlDeps {
  readonly pool: Pool;
  readonly clock: VirtualClock;
  readonly accountId: string;
  /** Base URL of the simulator's own control interface. */
  readonly simulator: string;
  readonly edges: ReadonlyMap<string, Pick<WorldEdge, 'state' | 'put'>>;
  /** The clock was moved on: keeps it for the next start. */
  readonly onClock: () => void;
  readonly poke: () => void;
  /** Whether no worker has a pack in its hands. */
  readonly isIdle: () => boolean;
}

type Body = Readonly<Record<string, unknown>>;
type Handler = (deps: ControlDeps, body: Body, path: string) => Promise<unknown>;

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /control/state': async (deps) => {
    const state = await ask(deps, 'GET', '/state');
    return {
      ...(typeof state === 'object' && state),
      now: deps.clock.now().toISOString(),
      edges: Object.fromEntries([...deps.edges].map(([name, edge]) => [name, edge.state()])),
    };
  },
  'POST /control/clock': async (deps, body) => {
    const { advance_s: seconds } = body;
    if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) {
      throw new Fault('malformed_request', 'advance_s must be a number of seconds, 0 or more');
    }
    const advance = async (step: number) => {
      await ask(deps, 'POST', '/clock', { advance_s: step });
      deps.clock.advance(step);
      deps.onClock();
      deps.poke();
    };
    const steps = await runClock({ ...deps, advance }, seconds);
    return { now: deps.clock.now().toISOString(), steps };
  },
  // A customer who changes a record of theirs need not wait for the next look: the schedule is for the world.
  'PUT /control/dns/records': async (deps, body) => {
    const set = await ask(deps, 'PUT', '/dns/records', body);
    const labels = String(body['name']).toLowerCase().split('.');
    const zones = labels.map((_, i) => labels.slice(i).join('.'));
    await makeDue(deps.pool, zones, 'pending_validation', deps.clock.now());
    deps.poke();
    return set;
  },
  'GET /control/ca': (deps, _, path) => ask(deps, 'GET', path.replace('/control', '')),
  'GET /control/ca/faults': (deps, _, path) => ask(deps, 'GET', path.replace('/control', '')),
  'PUT /control/ca/faults': (deps, body, path) => ask(deps, 'PUT', path.replace('/control', ''), body),
  'DELETE /control/ca/faults': (deps, _, path) => ask(deps, 'DELETE', path.replace('/control', '')),
  'GET /control/mail': (deps) => ask(deps, 'GET', '/mail'),
  'PUT /control/mail': (deps, body) => ask(deps, 'PUT', '/mail', body),
  'PUT /control/edges': async (deps, { is_up: isUp }, path) => {
    const name = path.replace(/.*\//, '');
    const edge = deps.edges.get(name);
    if (!edge) throw new Fault('no_such_route', `there is no edge ${name.slice(0, 40)}`);
    if (typeof isUp !== 'boolean') throw new Fault('malformed_request', 'is_up must be true or false');
    await edge.put(isUp);
    return edge.state();
  },
  'POST /control/tokens': async (deps, body) => {
    const { zones, access } = body;
    const isList = Array.isArray(zones) && zones.every((zone) => typeof zone === 'string');
    if (zones !== '*' && !isList)
      throw new Fault('malformed_request', 'zones must be a list of zone ids or "*"');
    if (access !== 'read' && access !== 'write') {
      throw new Fault('malformed_request', 'access must be "read" or "write"');
    }
    return { token: await newToken(deps, zones === '*' ? undefined : zones, access) };
  },
};

/** A token for the account of this world. */
function newToken(deps: ControlDeps, zones: readonly string[] | undefined, access: Access): Promise<string> {
  const token = { accountId: deps.accountId, name: 'control', access, ...(zones && { zones }) };
  return createToken(deps.pool, token, deps.clock.now());
}

/** Serves the control interface on loopback. */
export async function startControl(
  deps: ControlDeps,
  port: number,
): Promise<{ url: string; stop: () => void }> {
  const server = createServer((request, response) => {
    answer(deps, request)
      .then((body) => send(response, 200, body))
      .catch((error: unknown) => {
        const status = error instanceof Fault ? FAULTS[error.fault].status : 500;
        send(response, status, { error: wordsOf(error) });
      });
  });
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error) =>
      reject(new Fault('configuration', `the control interface cannot listen on port ${port}`, { cause }));
    server.once('error', refuse).listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${bound}/control`, stop };
}

async function answer(deps: ControlDeps, request: IncomingMessage): Promise<unknown> {
  const path = request.url?.split('?')[0] ?? '';
  const key = `${request.method} ${placeOf(path)}`;
  const handler = Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined;
  if (!handler) throw new Fault('no_such_route', `no route for ${key.slice(0, 200)}`);
  return handler(deps, await readBody(request), path);
}

/** The path of a call without the name of a CA or of an edge. */
const placeOf = (path: string): string =>
  path
    .replace(/^\/control\/ca\/[a-z_]+(?:\/requests|(\/faults))?$/, '/control/ca$1')
    .replace(/^\/control\/edges\/[a-z]+$/, '/control/edges');

async function readBody(request: IncomingMessage): Promise<Body> {
  if (request.method === 'GET' || request.method === 'DELETE') return {};
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MOST_BODY) throw new Fault('body_too_large', 'the body is larger than 1 MiB');
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body };
  } catch {
    // Told below: it is no object either way.
  }
  throw new Fault('body_not_json', 'the body must be a JSON object');
}

const MOST_BODY = 1024 * 1024;

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Asks the simulator, and passes its refusals on. */
async function ask({ simulator }: ControlDeps, method: string, path: string, body?: Body): Promise<unknown> {
  const response = await fetch(simulator + path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    signal: AbortSignal.timeout(10_000),
  });
  const answered: unknown = await response.json();
  if (response.ok) return answered;
  const why = typeof answered === 'object' && answered !== null && 'error' in answered ? answered.error : '';
  throw new Fault(response.status === 404 ? 'no_such_route' : 'malformed_request', String(why));
}
