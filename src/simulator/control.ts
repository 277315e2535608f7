import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { VirtualClock } from '../kit/clock.ts';
import { FAULTS, Fault, wordsOf } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { after } from '../kit/time.ts';
import type { CaServer } from './ca-server.ts';
import type { DnsWorld } from './dns-world.ts';
import { listenOn, readBody } from './http.ts';
import type { MailServer } from './mail/mail-server.ts';

/** What the control interface shows and moves. */
interface World {
  readonly clock: VirtualClock;
  readonly dns: DnsWorld;
  readonly cas: readonly CaServer[];
  readonly mailServer: MailServer;
  readonly log: Log;
}

/** The control interface, listening. */
export interface Control {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the control interface over plain HTTP on loopback. */
export async function startControl(world: World): Promise<Control> {
  const server = createServer((request, response) => void serve(world, request, response));
  const port = await listenOn(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    write(response, 200, await answer(world, request));
  } catch (error) {
    if (!(error instanceof Fault) && !request.errored)
      world.log.error({ err: error, url: request.url }, 'a control request failed');
    write(response, FAULTS[error instanceof Fault ? error.fault : 'internal'].status, {
      error: wordsOf(error),
    });
  }
}

function write(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

type Call = (world: World, request: IncomingMessage, name: string) => unknown;

/** Every call: method, path with the name of a CA as `*`, and what it does. */
const CALLS: readonly (readonly [method: string, path: RegExp, call: Call])[] = [
  ['GET', /^\/state$/, state],
  ['POST', /^\/clock$/, advance],
  ['PUT', /^\/dns\/records$/, putRecords],
  ['GET', /^\/mail$/, showMail],
  ['PUT', /^\/mail$/, putMail],
  ['GET', /^\/ca\/([a-z_]+)$/, (world, _, name) => showCa(caOf(world, name))],
  ['GET', /^\/ca\/([a-z_]+)\/faults$/, (world, _, name) => showFaults(caOf(world, name))],
  ['PUT', /^\/ca\/([a-z_]+)\/faults$/, putFaults],
  ['DELETE', /^\/ca\/([a-z_]+)\/faults$/, (world, _, name) => clearFaults(caOf(world, name))],
  ['GET', /^\/ca\/([a-z_]+)\/requests$/, (world, _, name) => ({ requests: caOf(world, name).requests })],
];

async function answer(world: World, request: IncomingMessage): Promise<unknown> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const here = CALLS.filter(([, pattern]) => pattern.test(path));
  const found = here.find(([method]) => method === request.method);
  if (found) return found[2](world, request, found[1].exec(path)?.[1] ?? '');
  if (here.length > 0)
    throw new Fault('method_not_allowed', `${path} takes ${here.map(([one]) => one).join(', ')}`);
  throw new Fault('no_such_route', `there is nothing at ${path.slice(0, 100)}`);
}

function state({ clock, cas, dns }: World): unknown {
  const shown = cas.map((ca) => [
    ca.terms.name,
    { directory: ca.directory, certificates: ca.ledger.certificates.size, orders: ca.ledger.orders.size },
  ]);
  return {
    now: clock.now().toISOString(),
    cas: Object.fromEntries(shown),
    dns: { port: dns.port, record_sets: dns.records.count },
  };
}

async function advance({ clock }: World, request: IncomingMessage): Promise<unknown> {
  const { advance_s: seconds } = await readJson(request);
  if (typeof seconds !== 'number' || !(seconds >= 0) || !isDate(after(clock.now(), seconds))) {
    throw new Fault(
      'malformed_request',
      'advance_s must be a number of seconds, 0 or more, that ends before the year 9999',
    );
  }
  clock.advance(seconds);
  return { now: clock.now().toISOString() };
}

/** X.509 and RFC 3339 know no later years. */
const isDate = (instant: Date): boolean => instant.getTime() < Date.UTC(9_999, 0);

async function putRecords({ dns }: World, request: IncomingMessage): Promise<unknown> {
  const { name, type, values } = await readJson(request);
  const isSet = typeof name === 'string' && typeof type === 'string' && isStrings(values);
  if (!isSet)
    throw new Fault('malformed_request', 'name and type must be strings, values an array of strings');
  return dns.records.put({ name, type, values });
}

async function showMail({ mailServer }: World) {
  const { host, port } = await mailServer.address();
  return { smtp: `${host}:${port}`, is_up: mailServer.isUp, mails: mailServer.mails };
}

async function putMail(world: World, request: IncomingMessage): Promise<unknown> {
  const { is_up: isUp } = await readJson(request);
  if (typeof isUp !== 'boolean') throw new Fault('malformed_request', 'is_up must be true or false');
  await (isUp ? world.mailServer.open() : world.mailServer.shut());
  return showMail(world);
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

function caOf({ cas }: World, name: string): CaServer {
  const found = cas.find((ca) => ca.terms.name === name);
  if (found) return found;
  throw new Fault(
    'no_such_route',
    `there is no CA ${name}; there are ${cas.map((ca) => ca.terms.name).join(', ')}`,
  );
}

function showCa({ directory, authority, ledger }: CaServer): unknown {
  const certificates = [...ledger.certificates.values()].map((certificate) => ({
    serial: certificate.serial,
    hosts: certificate.hosts,
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
    revoked: certificate.revoked !== undefined,
  }));
  const eab = authority.eab && { kid: authority.eab.kid, hmac_key: authority.eab.hmacKey };
  return { directory, root_pem: authority.root.pem, eab, certificates };
}

const showFaults = ({ faults }: CaServer) => ({ faults: faults.shown() });

async function putFaults(world: World, request: IncomingMessage, name: string): Promise<unknown> {
  const ca = caOf(world, name);
  const { faults: told } = await readJson(request);
  // Only here: it takes long to load, and few worlds need it.
  const { readScript } = await import('./faults/read-script.ts');
  ca.faults.set(readScript(told));
  return showFaults(ca);
}

function clearFaults(ca: CaServer): unknown {
  ca.faults.set([]);
  return showFaults(ca);
}

/** In bytes. */
const LONGEST_BODY = 1_024 * 1_024;

async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const body = await readBody(request, LONGEST_BODY);
  if (!body) throw new Fault('body_too_large', 'the body is longer than 1 MiB');
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Not JSON: said below.
  }
  throw new Fault('body_not_json', 'the body must be a JSON object');
}
