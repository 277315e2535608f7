/** For tests of this room: bundled edges, and the clients that they meet. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls';
import { type BundledEdgeOptions, startBundledEdge } from '../../../src/edge/bundled/bundled.ts';
import { type GivenService, givenPack, givenService, quiet, until } from './given-service.ts';

/** The name that `givenServedName` serves. */
export const NAME = 'www.example.com';

type Upstream = BundledEdgeOptions['upstream'];
type More = Partial<
  Pick<BundledEdgeOptions, 'alpn' | 'lowestTls' | 'origins' | 'limits' | 'accessLog' | 'host'>
>;

/** A bundled edge in production that follows `service`. */
async function givenEdge(t: TestContext, service: GivenService, upstream?: Upstream, more: More = {}) {
  const bundled = await startBundledEdge({
    host: '127.0.0.1',
    port: 0,
    environment: 'production',
    pull: service.path,
    log: quiet(),
    ...(upstream && { upstream }),
    ...more,
  });
  t.after(() => bundled.close());
  await until(() => bundled.stats().isLive);
  return { bundled, row: { name: 'bundled', host: '127.0.0.1', port: bundled.port } };
}

/** An edge whose service has a pack for `NAME`. */
export async function givenServedName(t: TestContext, upstream?: Upstream, more?: More) {
  const service = await givenService(t);
  const pack = await givenPack([NAME]);
  service.packs.set(NAME, pack);
  return { service, pack, ...(await givenEdge(t, service, upstream, more)) };
}

const plainContext = createSecureContext();

/** A client whose handshake is done. */
export async function shaken(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const isPlain = Object.keys(options).length === 0;
  const all = { host: '127.0.0.1', port, servername: NAME, rejectUnauthorized: false, ...options };
  const socket = connect(isPlain ? { ...all, secureContext: plainContext } : all);
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(5_000) });
  return socket.on('error', () => undefined);
}

/** Where `server` listens, on a free port of loopback. */
export async function givenPort(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address !== 'string');
  return address.port;
}

/** The ClientHello that Node's own TLS client sends with `options`. */
export async function helloFrom(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  const port = await givenPort(server);
  const client = connect({ port, host: '127.0.0.1', ...options }).on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}
