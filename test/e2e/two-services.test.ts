import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StartedSimulator } from '../../src/simulator/start.ts';
import { newClient } from '../support/client.ts';
import { startTwo } from '../support/cluster.ts';
import { until } from '../support/world.ts';

const ORDERS = 200;

test('two services on one database issue every certificate of 200 orders once', {
  timeout: 170_000,
}, async (t) => {
  const { pool, simulator, accountId, token, apis, metrics } = await startTwo(t);
  const clients = apis.map((baseURL) => newClient({ apiToken: token, baseURL }));
  const one = (i: number) => clients[i % clients.length] ?? assert.fail();
  const zones = await Promise.all(
    [0, 1, 2, 3].map((i) =>
      one(i).zones.create({ account: { id: accountId }, name: `zone-${i}.test`, type: 'full' }),
    ),
  );

  const order = async (i: number) => {
    const zone = zones[i % zones.length] ?? assert.fail();
    const { id } = await one(i).ssl.certificatePacks.create({
      zone_id: zone.id,
      type: 'advanced',
      hosts: [`h${i}.${zone.name}`],
      certificate_authority: (['lets_encrypt', 'google', 'ssl_com'] as const)[i % 3] ?? 'google',
      validation_method: 'txt',
      validity_days: 90,
    });
    return id;
  };
  const ids: string[] = [];
  for (let i = 0; i < ORDERS; i += 10) {
    ids.push(...(await Promise.all(Array.from({ length: 10 }, (_, n) => order(i + n)))));
  }
  assert.equal(new Set(ids).size, ORDERS);

  const statuses = async () =>
    (
      await pool.query<{ status: string; n: number }>(
        'select status, count(*)::int as n from packs group by 1',
      )
    ).rows;
  await until(statuses, ([first, ...rest]) => rest.length === 0 && first?.status === 'active', 150);

  const issued = await hostsIssued(simulator);
  assert.equal(issued.length, 2 * ORDERS);
  assert.equal(
    new Set(issued).size,
    ORDERS,
    'an ECDSA and an RSA certificate for each host, no host without',
  );
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from deployments
      where desired_ecdsa = observed_ecdsa and desired_rsa = observed_rsa`,
  );
  assert.equal(rows[0]?.n, 2 * ORDERS, 'both edges proved both leaves of every pack');
  await assertTold(metrics);
});

/** The hosts of every certificate that the CAs issued. */
async function hostsIssued({ cas, control }: StartedSimulator): Promise<string[]> {
  const issued = Object.keys(cas).map(async (name) => {
    const answer = await fetch(`${control}/ca/${name}`);
    const { certificates }: { certificates: { hosts: string[] }[] } = JSON.parse(await answer.text());
    return certificates.map(({ hosts }) => hosts.join());
  });
  return (await Promise.all(issued)).flat();
}

/** Metrics of all processes together tell of each order at a CA and each handshake that proved one. */
async function assertTold(metrics: readonly string[]): Promise<void> {
  const told = await Promise.all(metrics.map(async (url) => (await fetch(url)).text()));
  const sum = (pattern: RegExp) =>
    told.flatMap((text) => [...text.matchAll(pattern)]).reduce((total, [, n]) => total + Number(n), 0);
  const made = sum(/^certpacks_ca_request_seconds_count\{ca="\w+",endpoint="[\w-]+",status="201"\} (\d+)$/gm);
  assert(made >= 2 * ORDERS, `metrics tell of ${made} things made at CAs, an order for each certificate`);
  const shown = sum(/^certpacks_handshakes_total\{edge="edge-[01]",outcome="shown"\} (\d+)$/gm);
  assert(shown >= 4 * ORDERS, `metrics tell of ${shown} handshakes, one for each certificate and edge`);
}
