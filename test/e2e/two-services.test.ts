import assert from 'node:assert/strict';
import { test } from 'node:test';
import Cloudflare from 'cloudflare';
import type { StartedSimulator } from '../../src/simulator/start.ts';
import { startTwo } from '../support/cluster.ts';
import { until } from '../support/world.ts';

const ORDERS = 200;

test('two services on one database issue every certificate of 200 orders once', {
  timeout: 170_000,
}, async (t) => {
  const { pool, simulator, accountId, token, apis } = await startTwo(t);
  const clients = apis.map((baseURL) => new Cloudflare({ apiToken: token, baseURL, maxRetries: 0 }));
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
