/** Total TLS on a service of the test's own, by Cloudflare's own client. */
import assert from 'node:assert/strict';
import Cloudflare from 'cloudflare';
import { showLeaf } from '../../src/edge/handshake.ts';
import { ALGORITHMS } from '../../src/pack/pack.ts';
import { startTestService, type TestService } from './service.ts';
import { until } from './world.ts';

export interface ZoneReply {
  readonly id: string;
  readonly name: string;
}

export interface PackReply {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly hosts: readonly string[];
  readonly certificate_authority?: string;
  readonly certificates: readonly { readonly id: string }[];
}

/** What can be asked of the service. */
export type TotalTlsScene = Awaited<ReturnType<typeof startTotalTls>>;

/** Starts a service on which records can be proxied. */
export async function startTotalTls(ends: AsyncDisposableStack) {
  const service = await startTestService(ends, { options: { public_addresses: ['192.0.2.80'] } });
  const { client } = service;
  let named = 0;

  const newZone = (type: 'full' | 'partial' = 'full'): Promise<ZoneReply> =>
    client.zones.create({ account: { id: service.accountId }, name: `t${++named}.test`, type });

  /** A zone with Total TLS on. */
  const zoneWithTotalTls = async (): Promise<ZoneReply> => {
    const zone = await newZone();
    await client.acm.totalTLS.update({ zone_id: zone.id, enabled: true });
    return zone;
  };

  /** A record of a name, by its labels below the zone. */
  const record = (zone: ZoneReply, labels: string, proxied = true) =>
    client.dns.records.create({ zone_id: zone.id, ...proxyable(zone, labels, proxied) });

  /** Packs of Total TLS of a zone that are not about to go. */
  const listed = async ({ id: zone_id }: ZoneReply): Promise<PackReply[]> => {
    const found: PackReply[] = [];
    for await (const one of client.ssl.certificatePacks.list({ zone_id, status: 'all' })) found.push(one);
    return found.filter((one) => one.type === 'total_tls' && !/delet|cleanup/.test(one.status));
  };

  /** Waits until the packs of Total TLS of a zone are these, each as `labels status`. */
  const reached = (zone: ZoneReply, ...expected: string[]): Promise<PackReply[]> => {
    const lines = expected.map((line) => line.replace(' ', `.${zone.name} `)).toSorted();
    return until(
      () => listed(zone),
      (all) => told(all).join() === lines.join(),
    );
  };

  return {
    service,
    client,
    newZone,
    zoneWithTotalTls,
    record,
    listed,
    reached,
    orderAdvanced: orderer(service),
    shownFor: shower(service),
  };
}

const told = (all: readonly PackReply[]): string[] =>
  all.map(({ hosts, status }) => `${hosts.join()} ${status}`).toSorted();

/** A record whose name can be proxied. */
export const proxyable = ({ name }: ZoneReply, labels: string, proxied = true) =>
  ({ type: 'A', name: `${labels}.${name}`, content: '192.0.2.1', ttl: 1, proxied }) as const;

/** SHA-256 of the leaf that each edge shows for a name, both algorithms apart; undefined: none. */
const shower =
  ({ edges }: TestService) =>
  async (name: string): Promise<(string | undefined)[]> => {
    const asks = edges.flatMap((edge) => ALGORITHMS.map((algorithm) => ({ edge, algorithm })));
    return Promise.all(
      asks.map(async ({ edge, algorithm }) => {
        const leaf = await showLeaf(edge, { name, algorithm }, AbortSignal.timeout(10_000));
        return leaf?.fingerprint;
      }),
    );
  };

/** Orders an advanced pack and waits until it is served; its id. */
const orderer =
  ({ client }: TestService) =>
  async ({ id, name }: ZoneReply, ...labels: string[]): Promise<string> => {
    const pack = await client.ssl.certificatePacks.create({
      zone_id: id,
      type: 'advanced',
      hosts: labels.map((label) => `${label}.${name}`),
      certificate_authority: 'lets_encrypt',
      validation_method: 'txt',
      validity_days: 90,
    });
    await until(
      () => client.ssl.certificatePacks.get(pack.id, { zone_id: id }),
      ({ status }) => status === 'active',
    );
    return pack.id;
  };

/** HTTP status and code of a refusal. */
export const code = (error: unknown): unknown[] => {
  assert.ok(error instanceof Cloudflare.APIError);
  return [error.status, error.errors[0]?.code];
};
