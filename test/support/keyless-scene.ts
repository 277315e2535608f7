/** A service with a key server and a token, and what clients see of keyless certificates. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { parseLeaf } from '../../src/ca/leaf.ts';
import { shownBy } from './handshakes.ts';
import { builtTerminator, givenKeyServer, givenToken } from './keyless.ts';
import { type Made, make } from './pki.ts';
import { startTestService, type TestEdge, type TestService } from './service.ts';
import { until } from './world.ts';

const of = (host: string, kind?: 'rsa2048' | 'p384'): Promise<Made> =>
  make(new Date(), { hosts: [`${host}.shop.test`], days: 60, ...(kind && { kind }) });

/** Certificates whose keys are behind the key server, and in the token as `k1` and `k2`. */
async function makeAll() {
  return {
    ec: await of('ec'),
    rsa: await of('rsa', 'rsa2048'),
    p384: await of('p384', 'p384'),
    tokenEc: await of('token-ec'),
    tokenRsa: await of('token-rsa', 'rsa2048'),
  };
}

/** What is done with keyless certificates in a test. */
export type KeylessScene = Awaited<ReturnType<typeof givenKeyless>>;

/** Starts it, with the zone shop.test. All ends with `ends`. */
export async function givenKeyless(ends: AsyncDisposableStack) {
  const made = await makeAll();
  const server = await givenKeyServer(ends, [made.ec.key, made.rsa.key, made.p384.key]);
  const token = givenToken(ends, 'edge', { k1: made.tokenEc.key, k2: made.tokenRsa.key });
  const options = { ...server.options, ...token.options, keyless_program: await builtTerminator() };
  const service = await startTestService(ends, { options, edgeNames: ['edge-a'] });
  const [edge] = service.edges;
  assert(edge);
  const { client, accountId } = service;
  const zone = await client.zones.create({ account: { id: accountId }, name: 'shop.test', type: 'full' });
  const inZone = { zone_id: zone.id };
  return {
    service,
    server,
    token,
    made,
    edge,
    client,
    of: inZone,
    atServer: { host: '127.0.0.1', port: server.port },
    bring: (one: Made, place: { host: string; port: number }) =>
      client.keylessCertificates.create({
        ...inZone,
        ...place,
        certificate: one.pem,
        bundle_method: 'force',
      }),
    shows: (one: Made, algorithm: 'ecdsa' | 'rsa' = 'ecdsa') => shownBy(edge, hostOf(one), algorithm),
    ...waitsIn(service, inZone),
  };
}

function waitsIn({ client, pool, ...service }: TestService, inZone: { readonly zone_id: string }) {
  const packOf = (id: string) => client.ssl.certificatePacks.get(id, inZone);
  const messagesOf = async (id: string) => {
    await service.advance(61);
    return ((await packOf(id)).validation_errors ?? []).map(({ message = '' }) => message);
  };
  const messages = (id: string, are: (messages: readonly string[]) => boolean) =>
    until(() => messagesOf(id), are, 20);
  return {
    reach: (id: string, status: string) =>
      until(
        () => packOf(id),
        (pack) => pack.status === status,
        20,
      ),
    /** Waits until the pack says so. */
    away: (id: string, words: RegExp) => messages(id, (all) => all.some((one) => words.test(one))),
    /** Waits until the pack says nothing any more. */
    back: (id: string) => messages(id, (all) => all.length === 0),
    eventsOf: async (id: string): Promise<string[]> => {
      const { rows } = await pool.query<{ event: string }>(
        "select event from audit where pack_id = $1 and event like 'key_%' order by made_on",
        [id],
      );
      return rows.map(({ event }) => event);
    },
  };
}

/** The host of a certificate. */
export const hostOf = ({ pem }: Made): string => parseLeaf(pem.trim()).hosts[0] ?? assert.fail();

/** Fingerprint of a certificate. */
export const printOf = ({ pem }: Made): string => parseLeaf(pem.trim()).fingerprint;

/** What an edge answers to a request over one version of TLS. */
export function bodyOf(
  edge: TestEdge,
  servername: string,
  version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3',
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { host, port } = edge;
  const tls = { servername, minVersion: version, maxVersion: version, rejectUnauthorized: false };
  request({ host, port, ...tls, agent: false }, (response) => {
    buffer(response).then((body) => resolve(body.toString()), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}
